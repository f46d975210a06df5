import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Runs statements by trino-jdbc.
 *
 * <p>In: arguments MODE HOST:PORT USER CA CATALOG SCHEMA, the password in CLIENT_PASSWORD (without one the connection is plain), statements
 * on standard input, each ended by a NUL. Modes: run; prepared (the statement's one parameter is 1); tables (of the
 * schema, as JDBC lists them); cancel (after the first row). Out: one JSON object a statement.
 */
public final class Driver {
    private Driver() {}

    public static void main(String[] arguments) throws Exception {
        String mode = arguments[0];
        Properties properties = new Properties();
        properties.setProperty("user", arguments[2]);
        String password = System.getenv("CLIENT_PASSWORD");
        if (password != null) {
            properties.setProperty("password", password);
            properties.setProperty("SSL", "true");
            properties.setProperty("SSLTrustStorePath", arguments[3]);
        }
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        String url = "jdbc:trino://" + arguments[1] + "/" + arguments[4] + "/" + arguments[5];
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            for (String sql : input.split("\0")) {
                try {
                    System.out.println(answer(mode, connection, sql));
                }
                catch (SQLException e) {
                    System.out.println("{\"error\":" + quoted(e.getMessage()) + ",\"code\":" + e.getErrorCode() + "}");
                }
            }
        }
    }

    private static String answer(String mode, Connection connection, String sql) throws SQLException {
        if (mode.equals("tables")) {
            return result(connection.getMetaData().getTables(connection.getCatalog(), connection.getSchema(), "%", null), false);
        }
        if (mode.equals("prepared")) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setLong(1, 1);
                return result(statement.executeQuery(), false);
            }
        }
        try (Statement statement = connection.createStatement()) {
            ResultSet rows = statement.executeQuery(sql);
            if (mode.equals("cancel")) {
                rows.next();
                statement.cancel();
                while (rows.next()) {}
            }
            return result(rows, true);
        }
    }

    private static String result(ResultSet set, boolean withTypes) throws SQLException {
        ResultSetMetaData columns = set.getMetaData();
        List<String> names = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            names.add(quoted(columns.getColumnLabel(i)));
            types.add(quoted(columns.getColumnTypeName(i)));
        }
        List<String> rows = new ArrayList<>();
        while (set.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                row.add(quoted(set.getString(i)));
            }
            rows.add("[" + String.join(",", row) + "]");
        }
        return "{\"names\":[" + String.join(",", names) + "],\"types\":[" + (withTypes ? String.join(",", types) : "")
                + "],\"rows\":[" + String.join(",", rows) + "]}";
    }

    private static String quoted(String text) {
        if (text == null) {
            return "null";
        }
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ' || c > '~') {
                out.append(String.format("\\u%04x", (int) c));
            }
            else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
