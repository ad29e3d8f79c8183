package io.akkord.actors.ledger;

import static io.akkord.actors.ledger.LedgerFixture.rewrite;
import static io.akkord.actors.ledger.LedgerFixture.step;
import static io.akkord.actors.ledger.LedgerFixture.stored;
import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.proto.LedgerEvent;
import io.akkord.proto.LedgerEvent.CycleClosed;
import io.akkord.proto.LedgerEvent.CycleOpened;
import io.akkord.proto.LedgerEvent.LedgerSeeded;
import io.akkord.proto.LedgerRules;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Journals outlive builds: these are the bytes that were written, for ever. */
class LedgerEventFormatTest {

  static Stream<Arguments> events() {
    return Stream.of(
        Arguments.of(
            "12230805120301ac021a080000c03f0000004021000000000000004029000000000000f03f",
            step(5, new int[] {1, 300}, 1.5f, 2f)),
        Arguments.of(
            "223f080110021a39080310011801220b656e647320696e20454f532a026702320c72657772697465206f66203339000000000000084041000000000000f03f4804",
            stored(1, 2, rewrite(3, 1, true))),
        Arguments.of(
            "1a110801100618022201032a010130023a0172",
            LedgerEvent.newBuilder()
                .setCycleOpened(
                    CycleOpened.newBuilder()
                        .setCycle(1)
                        .setCommittedSteps(6)
                        .setCandidates(2)
                        .addSamples(3)
                        .addRevisions(1)
                        .setGroupSize(2)
                        .setReason("r"))
                .build()),
        Arguments.of(
            "2a0c080110011a02616220012802",
            LedgerEvent.newBuilder()
                .setCycleClosed(
                    CycleClosed.newBuilder()
                        .setCycle(1)
                        .setTableVersion(1)
                        .setTableHash("ab")
                        .setAccepted(1)
                        .setRejected(2))
                .build()),
        Arguments.of(
            "0a230a056669727374100218042216080a11000000000000e03f180121000000000000f03f",
            LedgerEvent.newBuilder()
                .setSeeded(
                    LedgerSeeded.newBuilder()
                        .setRunId("first")
                        .setAttempt(2)
                        .setResumedFromCommittedSteps(4)
                        .setRules(
                            LedgerRules.newBuilder()
                                .setSamples(10)
                                .setDecay(0.5)
                                .setScoreIsCost(true)
                                .setEpsilon(1)))
                .build()));
  }

  @ParameterizedTest
  @MethodSource("events")
  void anEventKeepsItsBytes(String golden, LedgerEvent event) throws Exception {
    assertThat(HexFormat.of().formatHex(event.toByteArray())).isEqualTo(golden);
    assertThat(LedgerEvent.parseFrom(HexFormat.of().parseHex(golden))).isEqualTo(event);
  }
}
