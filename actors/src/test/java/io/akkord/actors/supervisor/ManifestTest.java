package io.akkord.actors.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.akkord.actors.RunFixture;
import io.akkord.actors.ledger.Ledger.TableStamp;
import io.akkord.actors.run.RunFacts;
import io.akkord.proto.CheckpointManifest;
import io.akkord.proto.CheckpointManifest.BestMetric;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {
  private static final BestMetric BEST =
      BestMetric.newBuilder().setName("eval_nll").setValue(1.5).setCommittedSteps(2).build();

  @TempDir Path folder;

  private CheckpointManifest manifest(long committed, Optional<BestMetric> best) {
    RunFacts facts = RunFixture.in(folder).facts();
    CheckpointManifest constant = CheckpointManifest.newBuilder().setDataSha256("d").build();
    SupervisorSetup setup =
        new SupervisorSetup(
            facts,
            0,
            0,
            1,
            1,
            constant,
            OptionalDouble.empty(),
            OptionalLong.empty(),
            Optional.empty());
    return Manifest.of(setup, committed, committed - 1, 77, new TableStamp(3, "hash"), best);
  }

  @Test
  void itSaysWhereTheRunStands() {
    CheckpointManifest manifest = manifest(5, Optional.empty());
    assertThat(manifest.getRunId()).isEqualTo(RunFixture.RUN);
    assertThat(manifest.getAttempt()).isEqualTo(1);
    assertThat(manifest.getCommittedSteps()).isEqualTo(5);
    assertThat(manifest.getEpoch()).as("two steps an epoch").isEqualTo(2);
    assertThat(manifest.getPosition()).as("one batch of four into it").isEqualTo(4);
    assertThat(manifest.getAdamSteps()).isEqualTo(4);
    assertThat(manifest.getLedgerSequenceNr()).isEqualTo(77);
    assertThat(manifest.getTableVersion()).isEqualTo(3);
    assertThat(manifest.getTableHash()).isEqualTo("hash");
    assertThat(manifest.getDataSha256()).as("what never changes").isEqualTo("d");
    assertThat(manifest.hasBest()).isFalse();
  }

  @Test
  void theEndOfAnEpochIsTheBeginningOfTheNext() {
    CheckpointManifest manifest = manifest(4, Optional.of(BEST));
    assertThat(manifest.getEpoch()).isEqualTo(2);
    assertThat(manifest.getPosition()).isZero();
    assertThat(manifest.getBest()).isEqualTo(BEST);
  }

  @Test
  void theTrainerStateHasTheKeysThatOtherToolsRead() throws IOException {
    RunFacts facts = RunFixture.in(folder).facts();
    String text = Manifest.trainerState(facts.plan(), 5, Optional.of(BEST));
    JsonNode json = new ObjectMapper().readTree(text);
    assertThat(text).endsWith("\n");
    assertThat(json.get("global_step").asLong()).isEqualTo(5);
    assertThat(json.get("max_steps").asLong()).isEqualTo(6);
    assertThat(json.get("epoch").asDouble()).isEqualTo(2.5);
    assertThat(json.get("best_metric").asDouble()).isEqualTo(1.5);
    assertThat(json.get("best_model_checkpoint").asText())
        .isEqualTo(folder.resolve("run").resolve("checkpoint-2").toString());
  }

  @Test
  void withoutAMetricThereIsNoBest() throws IOException {
    RunFacts facts = RunFixture.in(folder).facts();
    JsonNode json =
        new ObjectMapper().readTree(Manifest.trainerState(facts.plan(), 1, Optional.empty()));
    assertThat(json.has("best_metric")).isFalse();
    assertThat(json.has("best_model_checkpoint")).isFalse();
  }
}
