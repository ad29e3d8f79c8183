package io.akkord.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What was synced is there after kill -9, also when the database writes into space that it freed
 * before: version 2.5.252 of H2 then came back with an older state.
 */
class JournalKillTest {
  private static final int KILLS = 8;

  @TempDir Path folder;

  @Test
  void whatWasSyncedSurvivesKillsAndReusedSpace() throws Exception {
    Path acknowledged = folder.resolve("acknowledged");
    for (int kill = 0; kill < KILLS; kill++) {
      Process writer =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  folder.toString(),
                  "" + kill)
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("writer.log").toFile())
              .start();
      assertThat(writer.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(writer.exitValue())
          .as(Files.readString(folder.resolve("writer.log")))
          .isEqualTo(137);
      try (RandomAccessFile file = new RandomAccessFile(acknowledged.toFile(), "r");
          Connection connection = connect(folder)) {
        assertThat(count(connection)).as("kill %d", kill).isGreaterThanOrEqualTo(file.readLong());
      }
    }
  }

  private static Connection connect(Path folder) {
    // Freed space is used again at once, and not only after 45 s.
    return H2Database.connect(folder, JournalConfig.url(folder) + ";RETENTION_TIME=0");
  }

  private static long count(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from kept")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /** Writes, syncs and notes what is synced, until it dies in the middle of it. */
  static final class Writer {
    private Writer() {}

    /** Arguments: folder, seed. */
    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      Random random = new Random(Long.parseLong(arguments[1]));
      Files.createDirectories(JournalConfig.folder(folder));
      try (RandomAccessFile acknowledged =
              new RandomAccessFile(folder.resolve("acknowledged").toFile(), "rw");
          Connection connection = connect(folder);
          Statement statement = connection.createStatement()) {
        statement.execute(
            "create table if not exists kept(id bigint primary key, bytes varbinary)");
        long next = count(connection);
        int writes = 20 + random.nextInt(60);
        for (int i = 0; i < writes; i++) {
          String bytes = "00".repeat(100 + random.nextInt(3000));
          statement.execute("insert into kept values(%d, X'%s')".formatted(next++, bytes));
          statement.execute("CHECKPOINT SYNC");
          acknowledged.seek(0);
          acknowledged.writeLong(next);
          if (random.nextInt(10) == 0) {
            Thread.sleep(random.nextInt(100));
          }
        }
        Runtime.getRuntime().halt(137);
      }
    }
  }
}
