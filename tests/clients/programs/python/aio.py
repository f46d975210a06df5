"""aiotrino, in an event loop of its own."""

import asyncio
import ssl

import aiohttp
import aiotrino
from aiotrino.auth import BasicAuthentication, JWTAuthentication
from aiotrino.transaction import IsolationLevel
from conversation import digest, rows, serve

LOOP = asyncio.new_event_loop()


class Connection:
    """A connection of the client."""

    def __init__(self, told):
        LOOP.run_until_complete(self.open(told))

    async def open(self, told):
        """Connects. It takes an authority, and a certificate of its own, by a session of aiohttp alone."""
        auth = BasicAuthentication(told["user"], told["password"]) if told["password"] else JWTAuthentication(told["token"]) if told["token"] else None
        tls = ssl.create_default_context(cafile=told["ca"]) if told["ca"] else False
        if told["certificate"]:
            tls.load_cert_chain(told["certificate"], told["key"])
        self.connection = aiotrino.dbapi.connect(
            host=told["host"], port=told["port"], user=told["user"], catalog=told["catalog"], schema=told["schema"], source=told["source"],
            client_tags=told["tags"], session_properties=told["properties"], http_scheme="https" if told["ca"] else "http", auth=auth,
            http_session=aiohttp.ClientSession(connector=aiotrino.client.TrinoTCPConnector(ssl=tls)),
            isolation_level=IsolationLevel.READ_COMMITTED if told["transaction"] else IsolationLevel.AUTOCOMMIT,
            legacy_prepared_statements=True if told["otherwise"] else None)

    def query(self, sql):
        """Runs a statement."""
        return self.parameters(sql, None)

    def parameters(self, sql, values):
        """Runs a statement with values for its question marks."""
        async def run():
            cursor = await self.connection.cursor()
            await cursor.execute(sql, values)
            found = await cursor.fetchall()
            return rows([str(column) for column in await cursor.get_description() or []], found)

        return LOOP.run_until_complete(run())

    def hash(self, sql):
        """The hash of many rows."""
        async def run():
            cursor = await self.connection.cursor()
            await cursor.execute(sql)
            return digest([row async for row in cursor])

        return LOOP.run_until_complete(run())

    def commit(self):
        """Ends the transaction well."""
        LOOP.run_until_complete(self.connection.commit())
        return {}

    def rollback(self):
        """Ends the transaction as if nothing had been."""
        LOOP.run_until_complete(self.connection.rollback())
        return {}

    def cancel(self, sql):
        """Begins a statement and cancels it after its first row."""
        async def run():
            cursor = await self.connection.cursor()
            await cursor.execute(sql)
            await cursor.fetchone()
            await cursor.cancel()
            return {}

        return LOOP.run_until_complete(run())

    def progress(self, sql):
        """Splits that are done, while a statement runs."""
        async def run():
            cursor, seen = await self.connection.cursor(), []

            async def watch():
                while True:
                    seen.append((cursor.stats or {}).get("completedSplits"))
                    await asyncio.sleep(0.01)

            watcher = asyncio.create_task(watch())
            await cursor.execute(sql)
            await cursor.fetchall()
            watcher.cancel()
            seen.append(cursor.stats.get("completedSplits"))
            return {"progress": [number for number in seen if number is not None]}

        return LOOP.run_until_complete(run())

    def close(self):
        """Closes it, and the session below."""
        async def run():
            await self.connection.close()
            await self.connection._http_session.close()

        LOOP.run_until_complete(run())


if __name__ == "__main__":
    serve(Connection)
