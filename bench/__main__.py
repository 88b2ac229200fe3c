"""Every benchmark, one after another: `make bench`. Figures go to `bench/results.jsonl` too."""

from bench import conversation, executor, first_answer, history, importing, knowledge, placing, queueing, routing, searching, turn
from bench.streams import __main__ as streams

turn.main()
executor.main()
conversation.main()
first_answer.main()
routing.main()
knowledge.main()
searching.main()
placing.main()
history.main()
importing.main()
queueing.main()
streams.main()
