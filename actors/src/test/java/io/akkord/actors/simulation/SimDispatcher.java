package io.akkord.actors.simulation;

import akka.actor.ActorCell;
import akka.actor.Cancellable;
import akka.actor.Scheduler;
import akka.dispatch.Dispatcher;
import akka.dispatch.DispatcherPrerequisites;
import akka.dispatch.Envelope;
import akka.dispatch.ExecutorServiceFactoryProvider;
import akka.dispatch.MessageDispatcher;
import akka.dispatch.MessageDispatcherConfigurator;
import akka.dispatch.sysmsg.DeathWatchNotification;
import akka.dispatch.sysmsg.SystemMessage;
import akka.event.LoggingAdapter;
import com.typesafe.config.Config;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.Duration;
import scala.concurrent.duration.FiniteDuration;

/**
 * Akka's own dispatcher on the simulated clock. A message to an actor of another process goes
 * through the simulated network; what a dead process sends goes nowhere.
 */
public final class SimDispatcher extends Dispatcher {
  private static final String LOOP = "akkord.simulation.loop";

  /** Makes the dispatcher of a configuration block. */
  public static final class Configurator extends MessageDispatcherConfigurator {
    private final SimDispatcher dispatcher;

    /** As Akka asks for it. */
    public Configurator(Config config, DispatcherPrerequisites prerequisites) {
      super(config, prerequisites);
      SimLoop loop = SimLoop.of(prerequisites.settings().config().getString(LOOP));
      String id = config.getString("id");
      SimExecutor executor = new SimExecutor(loop, id.equals("akkord.blocking-io"));
      dispatcher = new SimDispatcher(this, id, loop, (name, threads) -> () -> executor);
    }

    @Override
    public MessageDispatcher dispatcher() {
      return dispatcher;
    }
  }

  private final SimLoop loop;

  private SimDispatcher(
      MessageDispatcherConfigurator configurator,
      String id,
      SimLoop loop,
      ExecutorServiceFactoryProvider executor) {
    super(
        configurator, id, 1, Duration.Zero(), executor, FiniteDuration.apply(1000, TimeUnit.DAYS));
    this.loop = loop;
  }

  @Override
  public void dispatch(ActorCell receiver, Envelope envelope) {
    SimProcess from = loop.current();
    SimProcess to = loop.processOf(receiver);
    if (from == null || from == to || loop.network == null) {
      if (loop.network != null && to != null) {
        loop.network.local(to, receiver, envelope.message());
      }
      super.dispatch(receiver, envelope);
    } else if (to == null) {
      if (from.alive) {
        loop.disk.told(from, envelope.message());
        super.dispatch(receiver, envelope);
      }
    } else {
      loop.network.send(
          from, to, receiver, envelope.message(), () -> super.dispatch(receiver, envelope));
    }
  }

  /** Another process hears of an actor's end as late as of everything else. */
  @Override
  public void systemDispatch(ActorCell receiver, SystemMessage message) {
    SimProcess to = loop.processOf(receiver);
    SimProcess from = loop.current();
    boolean remote =
        message instanceof DeathWatchNotification
            && to != null
            && from != null
            && from != to
            && loop.network != null;
    if (remote) {
      loop.network.ended(from, to, () -> super.systemDispatch(receiver, message));
    } else {
      super.systemDispatch(receiver, message);
    }
  }

  /** Hands every task to the loop. */
  private static final class SimExecutor extends AbstractExecutorService {
    private final SimLoop loop;
    private final boolean slow;

    SimExecutor(SimLoop loop, boolean slow) {
      this.loop = loop;
      this.slow = slow;
    }

    @Override
    public void execute(Runnable task) {
      loop.submit(slow, task);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }

  /** Akka's timers on the simulated clock. */
  public static final class SimScheduler implements Scheduler {
    private final SimLoop loop;

    /** As Akka asks for it. */
    public SimScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {
      this.loop = SimLoop.of(config.getString(LOOP));
    }

    @Override
    public Cancellable scheduleOnce(FiniteDuration delay, Runnable task, ExecutionContext context) {
      Timer timer = new Timer();
      loop.at(
          loop.now() + coarse(delay.toMillis()) * 1_000_000,
          loop.current(),
          () -> {
            if (timer.fire()) {
              context.execute(task);
            }
          });
      return timer;
    }

    /** Akka adds a random tenth to a back-off; without it a seed is the same in every JVM. */
    private static long coarse(long millis) {
      long grain = Math.max(1, Long.highestOneBit(millis) / 2);
      return millis / grain * grain;
    }

    @Override
    public Cancellable schedule(
        FiniteDuration delay, FiniteDuration interval, Runnable task, ExecutionContext context) {
      Timer timer = new Timer();
      again(loop.now() + delay.toNanos(), interval, task, context, timer);
      return timer;
    }

    private void again(
        long time, FiniteDuration interval, Runnable task, ExecutionContext context, Timer timer) {
      loop.at(
          time,
          loop.current(),
          () -> {
            if (!timer.isCancelled()) {
              context.execute(task);
              again(time + interval.toNanos(), interval, task, context, timer);
            }
          });
    }

    @Override
    public double maxFrequency() {
      return 1e6;
    }
  }

  private static final class Timer implements Cancellable {
    private final AtomicBoolean over = new AtomicBoolean();

    boolean fire() {
      return over.compareAndSet(false, true);
    }

    @Override
    public boolean cancel() {
      return over.compareAndSet(false, true);
    }

    @Override
    public boolean isCancelled() {
      return over.get();
    }
  }
}
