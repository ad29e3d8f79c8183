package io.akkord.actors.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class GroupedSyncTest {
  private final List<Runnable> jobs = new ArrayList<>();
  private int forces;

  @Test
  void callsBeforeTheForceBeginsShareIt() {
    GroupedSync sync = new GroupedSync(() -> forces++, jobs::add);
    List<CompletableFuture<Void>> calls = List.of(call(sync), call(sync), call(sync));
    assertThat(calls).noneMatch(CompletableFuture::isDone);
    runJobs();
    assertThat(calls).allMatch(CompletableFuture::isDone);
    assertThat(forces).isEqualTo(1);
  }

  @Test
  void aCallDuringAForceGetsTheNextOne() {
    List<CompletableFuture<Void>> late = new ArrayList<>();
    GroupedSync[] sync = new GroupedSync[1];
    sync[0] =
        new GroupedSync(
            () -> {
              forces++;
              if (late.isEmpty()) {
                late.add(call(sync[0]));
              } else {
                assertThat(late.get(0)).as("written after the first force began").isNotDone();
              }
            },
            jobs::add);
    CompletableFuture<Void> first = call(sync[0]);
    runJobs();
    assertThat(first).isCompleted();
    assertThat(late.get(0)).isCompleted();
    assertThat(forces).isEqualTo(2);
  }

  @Test
  void aFailedForceFailsItsGroupAndNotTheNext() {
    GroupedSync sync =
        new GroupedSync(
            () -> {
              if (forces++ == 0) {
                throw new IOException("disk");
              }
            },
            jobs::add);
    CompletableFuture<Void> first = call(sync);
    runJobs();
    CompletableFuture<Void> second = call(sync);
    runJobs();
    assertThat(first).isCompletedExceptionally();
    assertThat(second).isCompleted().isNotCompletedExceptionally();
  }

  @Test
  void aClosedExecutorFailsTheCall() {
    GroupedSync sync =
        new GroupedSync(
            () -> forces++,
            job -> {
              throw new RejectedExecutionException();
            });
    assertThat(call(sync)).isCompletedExceptionally();
  }

  private static CompletableFuture<Void> call(GroupedSync sync) {
    CompletionStage<Void> stage = sync.sync();
    return stage.toCompletableFuture();
  }

  private void runJobs() {
    List<Runnable> now = List.copyOf(jobs);
    jobs.clear();
    now.forEach(Runnable::run);
  }
}
