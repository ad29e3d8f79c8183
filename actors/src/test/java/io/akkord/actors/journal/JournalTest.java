package io.akkord.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.ForkedJvm;
import io.akkord.model.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

  /** Opens a journal and waits to be killed. */
  static final class Holder {
    private Holder() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) throws Exception {
      try (Journal journal = Journal.open(Path.of(arguments[0]))) {
        System.out.println("open " + journal.config().isEmpty());
        TimeUnit.MINUTES.sleep(5);
      }
    }
  }

  @Test
  void aJournalAnotherProcessHasOpenIsRefusedByName(@TempDir Path run) throws Exception {
    try (ForkedJvm other = ForkedJvm.start(Holder.class, run.toString())) {
      assertThat(other.readLine()).isEqualTo("open false");
      assertThatThrownBy(() -> Journal.open(run))
          .isInstanceOf(UserError.class)
          .hasMessage(
              run.resolve("journal")
                  + ": another process has this run's journal open. Wait until that run has ended,"
                  + " stop it, or choose another output_dir.");
      assertThatThrownBy(() -> JournalReader.open(run))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("another process has this run's journal open");
    }
    Journal.open(run).close();
  }

  @Test
  void openingTwiceCreatesTheTablesOnce(@TempDir Path run) {
    Journal.open(run).close();
    Journal.open(run).close();
    try (JournalReader reader = JournalReader.open(run)) {
      assertThat(reader.persistenceIds("ledger|")).isEmpty();
    }
  }

  @Test
  void aFolderWithoutAJournalIsRefusedByName(@TempDir Path run) {
    assertThatThrownBy(() -> JournalReader.open(run))
        .isInstanceOf(UserError.class)
        .hasMessage(
            run.resolve("journal") + ": there is no journal. Name the output_dir of a run.");
  }

  @Test
  void aDamagedDatabaseIsRefusedWithAWayOut(@TempDir Path run) throws IOException {
    Journal.open(run).close();
    Files.writeString(run.resolve("journal/akkord.mv.db"), "this is no database");
    assertThatThrownBy(() -> Journal.open(run))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(run.resolve("journal").toString())
        .hasMessageContaining("resume from the last checkpoint");
  }

  @Test
  void aRunFolderThatCannotBeMadeIsRefusedByName(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> Journal.open(file.resolve("run")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file.resolve("run/journal") + ": cannot be created");
  }

  @Test
  void aPathTheDatabaseWouldMisreadIsRefused() {
    assertThatThrownBy(() -> JournalConfig.h2(Path.of("/runs/a;b")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("semicolon");
  }

  @Test
  void theDatabaseWritesAtOnceAndJavaSerializationIsOff() {
    Config config = JournalConfig.h2(Path.of("/runs/first")).withFallback(ConfigFactory.load());
    assertThat(config.getString("akka-persistence-jdbc.shared-databases.slick.db.url"))
        .isEqualTo("jdbc:h2:file:/runs/first/journal/akkord;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE");
    assertThat(config.getBoolean("akka.actor.allow-java-serialization")).isFalse();
  }
}
