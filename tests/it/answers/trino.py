"""Reads {name: sql} from standard input and parses each text as Athena's and as Trino's SQL.

Also refuses what engines order differently unless told: DESC without NULLS FIRST or NULLS LAST.
"""

import json
import sys

import sqlglot
from sqlglot import exp

texts = json.load(sys.stdin)
wrong = []
for name, sql in texts.items():
    for dialect in ("athena", "trino"):
        try:
            statements = sqlglot.parse(sql, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
        except sqlglot.errors.SqlglotError as error:
            wrong.append(f"{name}: {dialect}: {error}")
            continue
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            wrong.append(f"{name}: {dialect}: not one query")
            continue
        for anonymous in statements[0].find_all(exp.Anonymous, exp.Command):
            wrong.append(f"{name}: {dialect}: unknown function {anonymous.sql()}")
    # DESC is written down with its NULLS each time.
    words = [token.text.upper() for token in sqlglot.tokenize(sql, read="trino")]
    for word, after in zip(words, words[1:] + [""]):
        if word == "DESC" and after != "NULLS":
            wrong.append(f"{name}: DESC without NULLS")
print("\n".join(wrong) or f"{len(texts)} parsed")
sys.exit(bool(wrong))
