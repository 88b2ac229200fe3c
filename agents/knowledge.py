"""Knowledge: products, policies and articles, with orders to look at."""

from agents.spec import AgentSpec

KNOWLEDGE = AgentSpec(
    name="knowledge",
    title="Knowledge",
    purpose="Products, how-to questions, shop policies (returns, delivery, warranty), sales reports and the shop at a glance.",
    tools=frozenset({"search_articles", "search_products", "get_product", "find_orders", "get_order", "sales_report", "shop_overview"}),
    examples=(
        "hello",
        "hi there, what can you do?",
        "thanks!",
        "who are you",
        "do you sell waterproof jackets?",
        "what is your policy on returns",
        "how do I clean leather shoes",
        "which desk would you recommend",
        "how long does delivery take",
        "do you ship abroad",
        "is there a warranty",
    ),
)
