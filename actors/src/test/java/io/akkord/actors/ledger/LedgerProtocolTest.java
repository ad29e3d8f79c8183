package io.akkord.actors.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.ProtocolWalk;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class LedgerProtocolTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseString(
                  "akka.actor.serialization-bindings"
                      + " { \"io.akkord.actors.CborMessage\" = jackson-cbor }")
              .withFallback(ConfigFactory.load()));

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void everyMessageOfTheLedgerSurvivesTheWire() {
    assertThat(new ProtocolWalk(KIT).walk(Ledger.class))
        .containsAll(
            Arrays.stream(Ledger.Command.class.getPermittedSubclasses())
                .filter(Class::isRecord)
                .toList())
        .contains(Ledger.StepStored.class, Ledger.TableContent.class);
  }

  @Test
  void everyEventSurvivesTheJournal() {
    ProtocolWalk walk = new ProtocolWalk(KIT);
    walk.roundTrip(LedgerFixture.step(5, new int[] {1, 300}, 1.5f, 2f));
    walk.roundTrip(new LedgerState(LedgerFixture.SETUP.rules()).image("first", 1, 2));
  }
}
