package io.akkord.actors.bulk;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.bulk.LaneInbox.Arrived;
import io.akkord.actors.bulk.LaneInbox.Block;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LaneInboxTest {
  private final InJvmBulk bulk = new InJvmBulk();
  private final LaneInbox inbox = new LaneInbox(bulk);
  private final List<Arrived> heard = new ArrayList<>();

  private static BulkHeader header(long step) {
    return new BulkHeader("run", 1, step, 0, BulkHeader.Kind.PARAMETERS, Dtype.FLOAT32, 0, 0, 0);
  }

  private CompletableFuture<Void> send(long step) {
    return bulk.send(inbox.address(), header(step), ByteBuffer.allocate(8)).toCompletableFuture();
  }

  @Test
  void blocksThatComeBeforeTheListenerWaitInOrder() {
    send(1);
    send(2);
    inbox.listen(heard::add);
    send(3);
    assertThat(heard).extracting(a -> a.header().step()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aTakenBlockIsReleasedByItsTaker() {
    inbox.listen(heard::add);
    CompletableFuture<Void> sent = send(1);
    Block block = inbox.take(heard.get(0).block());
    assertThat(block.header()).isEqualTo(header(1));
    assertThat(block.bytes().remaining()).isEqualTo(8);
    assertThat(sent).isNotDone();
    block.release().run();
    assertThat(sent).isCompleted();
    assertThat(inbox.take(heard.get(0).block())).as("taken once").isNull();
  }

  @Test
  void aRefusedBlockIsReleasedAtOnce() {
    inbox.listen(heard::add);
    CompletableFuture<Void> sent = send(1);
    inbox.refuse(heard.get(0).block());
    assertThat(sent).isCompleted();
    inbox.refuse(heard.get(0).block());
  }

  @Test
  void closingLetsGoOfWhatNobodyTookAndRefusesWhatComes() {
    inbox.listen(heard::add);
    CompletableFuture<Void> taken = send(1);
    inbox.take(heard.get(0).block());
    CompletableFuture<Void> waiting = send(2);
    inbox.close();
    assertThat(waiting).isCompleted();
    assertThat(taken).as("its taker still reads").isNotDone();
    assertThat(send(3)).isCompletedExceptionally();
  }
}
