"""The words of the demo shop: names, goods, reviews, articles. No behaviour lives here."""
