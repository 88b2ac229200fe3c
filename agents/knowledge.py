"""Knowledge: products, policies and articles, with orders to look at; and the shop in figures."""

from agents.spec import AgentSpec, Desk

_ADVICE = Desk(
    name="advice",
    purpose="Products, how-to questions, and the shop's policies (returns, delivery, warranty).",
    tools=frozenset(
        {"search_articles", "search_products", "get_product", "compare_products", "product_reviews", "find_orders", "get_order"}
    ),
    examples=(
        "do you sell waterproof jackets?",
        "what is your policy on returns",
        "how do I clean leather shoes",
        "which desk would you recommend",
        "how long does delivery take",
        "do you ship abroad",
        "is there a warranty",
    ),
    borrowed=frozenset({"find_orders", "get_order"}),
)
_REPORTS = Desk(
    name="reports",
    purpose="The shop in figures: sales reports, the shop at a glance, alerts, what changed.",
    tools=frozenset(
        {
            "sales_report",
            "create_sales_report",
            "shop_overview",
            "kpi_report",
            "order_stats",
            "what_changed",
            "list_suppliers",
            "list_alerts",
            "acknowledge_alert",
            "resolve_alert",
        }
    ),
)
_RULES = Desk(
    name="rules",
    purpose="The shop's own rules: limits, windows, thresholds, approvers; their versions, changes and trials.",
    tools=frozenset({"rules_in_force", "policy_history", "policy_diff", "policy_dry_run", "change_policy", "search_articles"}),
    examples=("change a rule of the shop", "what would other limits have meant"),
    borrowed=frozenset({"search_articles"}),
)
_SOURCES = Desk(
    name="sources",
    purpose="The shop's own files that agents cite: add, list, publish, remove.",
    tools=frozenset({"add_source", "change_source", "remove_source", "list_sources", "get_source"}),
)

KNOWLEDGE = AgentSpec(
    name="knowledge",
    title="Knowledge",
    purpose="Products, how-to questions, shop policies (returns, delivery, warranty), sales reports and the shop at a glance.",
    desks=(_ADVICE, _REPORTS, _RULES, _SOURCES),
)
