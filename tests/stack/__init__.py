"""Real servers for tests, the attack corpus, the benches and the demo: a Trino, a Sluice before it, and a small client.

    with Trino(folder) as trino, Sluice(folder, trino.url, policies) as sluice:
        sluice.client("analyst").query("SELECT 1")

What is not on the machine is fetched once and kept in the cache (see `cache`). Standard library only.
"""
