"""Names, places and streets of invented customers."""

FIRST_NAMES = (
    "Adele", "Anton", "Beatriz", "Benoit", "Camille", "Carlos", "Celine", "Chiara", "Daan", "Daria", "David", "Elena", "Elias",
    "Emil", "Emma",
    "Esther", "Fabian", "Felix", "Femke", "Florian", "Francesca", "Gabriel", "Greta", "Hanna", "Hugo", "Ida", "Ingrid", "Irene",
    "Isabel", "Ivo",
    "Jan", "Jana", "Joana", "Jonas", "Josephine", "Julien", "Karin", "Katja", "Klara", "Lars", "Laura", "Lea", "Lena", "Leon",
    "Lotte", "Louis",
    "Luca", "Lucia", "Ludovic", "Luis", "Magnus", "Manon", "Marco", "Margot", "Marta", "Martin", "Mathilde", "Matteo", "Maud",
    "Mikael", "Milan",
    "Mireille", "Nadia", "Nathan", "Nico", "Nina", "Noah", "Nuria", "Olivia", "Oscar", "Pablo", "Paula", "Pauline", "Pieter",
    "Quentin", "Rafael",
    "Rita", "Robin", "Romy", "Rosa", "Ruben", "Sanne", "Sara", "Sebastian", "Silvia", "Simon", "Sofia", "Stefan", "Sven", "Tessa",
    "Theo", "Thomas",
    "Tilda", "Tobias", "Valerie", "Victor", "Vera", "Wout", "Yara", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Aubert", "Bakker", "Barbier", "Bauer", "Becker", "Benali", "Bergmann", "Blanc", "Bosman", "Brandt", "Brun", "Caron",
    "Castillo", "Chevalier",
    "Claes", "Colombo", "Costa", "Dahl", "Decker", "Delgado", "Dietrich", "Dubois", "Dumont", "Eriksen", "Esposito", "Fabre",
    "Faure", "Ferrari",
    "Fischer", "Fontaine", "Garcia", "Gerard", "Girard", "Graf", "Haas", "Hansen", "Hartmann", "Hofer", "Holst", "Iglesias",
    "Jacobs", "Janssen",
    "Joly", "Kaiser", "Klein", "Kovac", "Kruger", "Lambert", "Lang", "Laurent", "Leclerc", "Lefevre", "Lindberg", "Lopez", "Maes",
    "Marchetti",
    "Marin", "Martel", "Mendes", "Mercier", "Meyer", "Molina", "Moretti", "Muller", "Navarro", "Neumann", "Nielsen", "Novak",
    "Olsen", "Ortega",
    "Peeters", "Pereira", "Perrin", "Petit", "Pinto", "Reis", "Renard", "Ricci", "Richter", "Rossi", "Roux", "Ruiz", "Santos",
    "Schmitt", "Schulz",
    "Serrano", "Silva", "Smit", "Steiner", "Strand", "Thiel", "Torres", "Vidal", "Visser", "Vogel", "Weber", "Willems", "Winter",
    "Wolf", "Ziegler",
)  # fmt: skip

PLACES = (
    ("Paris", "750", "FR"), ("Lyon", "690", "FR"), ("Nantes", "440", "FR"), ("Lille", "590", "FR"), ("Toulouse", "310", "FR"),
    ("Strasbourg", "670", "FR"),
    ("Bordeaux", "330", "FR"), ("Grenoble", "380", "FR"), ("Berlin", "101", "DE"), ("Leipzig", "041", "DE"), ("Hamburg", "200", "DE"),
    ("Cologne", "506", "DE"), ("Munich", "803", "DE"), ("Brussels", "10", "BE"), ("Ghent", "90", "BE"), ("Utrecht", "35", "NL"),
    ("Rotterdam", "30", "NL"),
    ("Madrid", "280", "ES"), ("Valencia", "460", "ES"), ("Turin", "101", "IT"), ("Bologna", "401", "IT"), ("Vienna", "10", "AT"),
    ("Lisbon", "11", "PT"), ("Copenhagen", "21", "DK"),
)  # fmt: skip
"""City, first digits of its postal codes, country."""

STREETS = (
    "Rue des Tilleuls", "Rue de la Gare", "Avenue des Acacias", "Quai du Port", "Lindenstrasse", "Gartenweg", "Am Markt",
    "Schillerstrasse", "Kerkstraat",
    "Stationsplein", "Molenweg", "Calle Mayor", "Calle del Sol", "Via Garibaldi", "Via dei Mille", "Rua do Carmo", "Nygade",
    "Place du Marche",
    "Rue Victor Hugo", "Hauptstrasse",
)  # fmt: skip

HUBS = ("Lyon hub", "Metz sorting centre", "Liege hub", "Frankfurt depot", "Orleans sorting centre", "Cologne hub", "Barcelona depot")
"""Places that a parcel passes."""
