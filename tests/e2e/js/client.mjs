// Speaks with the API through an unmodified JavaScript SDK. Arguments: the package, the API's address, another address, a key.
// Prints one JSON object: what it saw, for the test to judge.
const [pack, address, cutting, apiKey] = process.argv.slice(2);
const { Client } = await import(pack);
const words = (content) => ({ messages: [{ type: "human", content }] });
const modes = ["values", "messages-tuple", "custom", "updates"];
const client = new Client({ apiUrl: address, apiKey });
const gathered = async (stream) => {
  const found = [];
  for await (const part of stream) if (part.event) found.push(part);
  return found;
};

const seen = {};
seen.assistants = (await client.assistants.search()).map((one) => one.name);
const thread = await client.threads.create({ metadata: { topic: pack } });
let created;
const whole = await gathered(client.runs.stream(thread.thread_id, "ops", {
  input: words("hello"), streamMode: modes, streamResumable: true, onRunCreated: (run) => { created = run; },
}));
seen.created = created.run_id === whole[0].data.run_id;
seen.events = whole.map((part) => part.event);
const joined = await gathered(client.runs.joinStream(thread.thread_id, created.run_id, { streamMode: modes }));
seen.joined = joined.map((part) => part.event);
seen.same = JSON.stringify(joined.map((part) => [part.event, part.data])) === JSON.stringify(whole.map((part) => [part.event, part.data]));

const proxied = new Client({ apiUrl: cutting, apiKey, callerOptions: { maxRetries: 4 } });
const cut = await gathered(proxied.runs.stream(thread.thread_id, "ops", {
  input: words("hello again"), streamMode: modes, streamResumable: true, onRunCreated: (run) => { created = run; },
}));
const uncut = await gathered(client.runs.joinStream(thread.thread_id, created.run_id, { streamMode: modes }));
seen.cut = cut.map((part) => [part.event, part.event === "values" ? null : part.data]);
seen.uncut = uncut.map((part) => [part.event, part.event === "values" ? null : part.data]);

seen.waited = (await client.runs.wait(thread.thread_id, "ops", { input: words("wait") })).messages.at(-1).content;
const run = await client.runs.create(thread.thread_id, "ops", { input: words("refund SLOWLY please") });
await client.runs.cancel(thread.thread_id, run.run_id, true);
seen.cancelled = (await client.runs.get(thread.thread_id, run.run_id)).status;
seen.runs = (await client.runs.list(thread.thread_id)).length;
const state = await client.threads.getState(thread.thread_id);
seen.history = (await client.threads.getHistory(thread.thread_id, { limit: 3 }))[0].checkpoint.checkpoint_id === state.checkpoint.checkpoint_id;
seen.found = (await client.threads.search({ metadata: { topic: pack } })).map((one) => one.thread_id === thread.thread_id);
const cron = await client.crons.create("ops", { schedule: "0 8 * * *", input: words("by the clock") });
seen.crons = (await client.crons.search()).map((one) => one.cron_id === cron.cron_id);
await client.crons.delete(cron.cron_id);
await client.store.putItem(["js", "notes"], "one", { text: "hello" });
seen.item = (await client.store.getItem(["js", "notes"], "one")).value.text;
seen.items = (await client.store.searchItems(["js"])).items.length;
await client.store.deleteItem(["js", "notes"], "one");
const stateless = await gathered(client.runs.stream(null, "ops", { input: words("hello"), streamMode: "values" }));
seen.stateless = stateless.at(-2).data.messages.at(-1).content;
await client.threads.delete(thread.thread_id);
seen.gone = await client.threads.get(thread.thread_id).then(() => "still there", (error) => error.status ?? String(error));
console.log(JSON.stringify(seen));
