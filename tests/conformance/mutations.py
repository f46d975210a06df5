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
# Words that stand for names where the grammar lets them, besides those above.
WORDS = [word for word in INSERTED if word.isalpha()] + """
    ABSENT ADMIN AFTER AT BERNOULLI BOTH BRANCH CALL CALLED CASCADE CATALOG CATALOGS CHECK COLUMNS COMMIT CONDITIONAL COPARTITION COUNT
    CURRENT DEFAULT DEFINE DENY DESCRIPTOR DETERMINISTIC DISTRIBUTED DOUBLE EMPTY ELSEIF ENCODING ERROR EXCLUDING FAIL FETCH FILTER FINAL
    FOLLOWING FORMAT FUNCTIONS GRACE GRAPHVIZ GROUPS HOUR IMMEDIATE INITIAL INPUT INTERVAL INVOKER IO ISOLATION ITERATE JSON KEEP KEY KEYS
    LAST LATERAL LEADING LEVEL LIMIT LOCAL LOGICAL MAP MATCH MATCHES MATCH_RECOGNIZE MEASURES MERGE MINUTE MONTH NESTED NEXT NFC NONE
    NULLIF NULLS OBJECT OF OFFSET OMIT ONE ONLY OPTION ORDINALITY OUTPUT OVER OVERFLOW PARTITION PASSING PAST PATH PATTERN PER PERIOD
    PERMUTE PLAN POSITION PRECEDING PRECISION PREPARE PRIVILEGES PRUNE QUOTES RANGE READ REFRESH RENAME REPEATABLE RESET RESPECT RETURNING
    ROLLBACK ROW ROWS RUNNING SCALAR SECOND SEEK SERIALIZABLE SESSION SETS SHOW SKIP SOME START STATS STRING SUBSET SUBSTRING SYSTEM
    TABLES TABLESAMPLE TEXT TIES TIME TIMESTAMP TO TRAILING TRANSACTION TRUNCATE TRY_CAST TYPE UNBOUNDED UNCONDITIONAL UNIQUE UNKNOWN
    UNMATCHED USE UTF8 VALIDATE VALUE VERBOSE VERSION VIEW WINDOW WITHIN WITHOUT WORK WRAPPER WRITE YEAR ZONE
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
    match chance.randrange(8):
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
            names = [at for at, token in enumerate(tokens) if token[:1].isalpha() and token.upper() not in INSERTED]
            at = chance.choice(names) if names else at
            return tokens[:at] + [chance.choice(WORDS)] + tokens[at + 1:]
        case 6:
            return before + [token.swapcase() if not token.startswith("'") else token] + after
        case _:
            return before + [token, chance.choice(SPACES)] + after
