"""Statements that are nearly those of the corpus: tokens left out, doubled, swapped, put in, in another case or commented."""

import collections
import random
import re

TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\r\n]*|/\*.*?\*/|[A-Za-z_][A-Za-z_0-9]*|\d[\w.]*|\s+|<>|!=|<=|>=|\|\||->|=>|.""", re.DOTALL)
INSERTED = """
    , . ( ) [ ] * + - || = <> < -> => ? ; : | 'a' "b" 1 1.5 1e5 x
    SELECT ALL DISTINCT FROM WHERE GROUP BY HAVING ORDER WINDOW OVER FILTER LIMIT OFFSET FETCH FIRST ROW ROWS ONLY AS ON USING JOIN CROSS
    NATURAL LEFT UNION INTERSECT EXCEPT CORRESPONDING VALUES TABLE WITH RECURSIVE AND OR NOT IN IS NULL LIKE BETWEEN CASE WHEN THEN ELSE END
    CAST TRY_CAST ARRAY MAP INTERVAL DAY DATE TIME TIMESTAMP ZONE AT DOUBLE PRECISION LATERAL UNNEST TABLESAMPLE BERNOULLI MATCH_RECOGNIZE
    PARTITION RANGE UNBOUNDED PRECEDING CURRENT IGNORE NULLS FINAL RUNNING EXISTS ANY GROUPING SETS CUBE ROLLUP FOR VERSION OF SKIP EXECUTE
    IMMEDIATE EXPLAIN ANALYZE POSITION SUBSTRING TRIM KEY VALUE
    CREATE OR REPLACE DROP ALTER TABLE VIEW MATERIALIZED SCHEMA COLUMN ROLE USER FUNCTION CATALOG IF EXISTS ADD RENAME TO SET PROPERTIES
    COMMENT DEFAULT DATA NO AUTHORIZATION GRANT REVOKE DENY OPTION ADMIN GRANTED BY INSERT INTO DELETE UPDATE MERGE MATCHED SHOW SESSION
    BEGIN RETURN RETURNS DECLARE DO WHILE LOOP REPEAT UNTIL ITERATE LEAVE DETERMINISTIC LANGUAGE CASCADE RESTRICT SECURITY INCLUDING BRANCH
""".split()
LONGEST = 2000
SPACES = [" ", "\t", "\n", "\r\n", " -- a\n", " -- a\r", "/* a */", "/* /* */", "/**/", "\u00a0", "\v", ""]


def mutations(texts, count, seed=1):
    """`count` mutations of texts of many classes, given as pairs of text and class; the same for the same seed.

    Every second one is of a class that was drawn first, so that the rare classes come in as well.
    """
    chance = random.Random(seed)
    classes = collections.defaultdict(list)
    for text, of in texts:
        if len(text) < LONGEST:
            classes[of].append(text)
    names = sorted(classes)
    all_texts = [text for name in names for text in classes[name]]
    found = {}
    while len(found) < count:
        pool = classes[chance.choice(names)] if len(found) % 2 else all_texts
        tokens = TOKEN.findall(chance.choice(pool))
        for _ in range(chance.choice((1, 1, 1, 2))):
            tokens = mutated(tokens, chance)
        found["".join(tokens)] = None
    return list(found)


def mutated(tokens, chance):
    """One change."""
    if not tokens:
        return tokens
    at = chance.randrange(len(tokens))
    before, token, after = tokens[:at], tokens[at], tokens[at + 1:]
    match chance.randrange(7):
        case 0:
            return before + after
        case 1:
            return before + [token, " ", token] + after
        case 2:
            other = chance.randrange(len(tokens))
            swapped = list(tokens)
            swapped[at], swapped[other] = swapped[other], swapped[at]
            return swapped
        case 3:
            return before + [" ", chance.choice(INSERTED), " ", token] + after
        case 4:
            return before + [chance.choice(INSERTED)] + after
        case 5:
            return before + [token.swapcase() if not token.startswith("'") else token] + after
        case _:
            return before + [token, chance.choice(SPACES)] + after
