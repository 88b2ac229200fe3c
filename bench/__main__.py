"""Every benchmark, one after another: `make bench`. Figures go to `bench/results.jsonl` too."""

from bench import conversation, executor, first_answer, placing, routing, turn

turn.main()
executor.main()
conversation.main()
first_answer.main()
routing.main()
placing.main()
