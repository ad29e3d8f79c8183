package io.akkord.actors;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;
import java.util.concurrent.Future;

@AnalyzeClasses(packages = "io.akkord.actors", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  /** Where actors live; the composition root may wait, and so may the journal's own threads. */
  private static final String[] ACTORS = {
    "..actors.supervisor..",
    "..actors.params..",
    "..actors.worker..",
    "..actors.rewrite..",
    "..actors.ledger..",
    "..actors.checkpoint..",
    "..actors.bulk..",
    "..actors.content.."
  };

  @ArchTest
  static final ArchRule NOBODY_WAITS_IN_AN_ACTOR =
      noClasses()
          .that()
          .resideInAnyPackage(ACTORS)
          .should()
          .callMethodWhere(JavaCall.Predicates.target(new Waiting()))
          .because("an actor that waits keeps its messages and its thread from everybody else");

  @ArchTest
  static final ArchRule NO_TENSOR_COMES_NEAR_AN_ACTOR =
      noClasses()
          .that()
          .resideInAPackage("io.akkord.actors..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..")
          .because("tensors travel as bytes through the bulk lane only");

  @ArchTest
  static final ArchRule NO_ASK =
      noClasses()
          .that()
          .resideInAPackage("io.akkord.actors..")
          .and()
          // Threads of the control API wait for a person; they are no actors.
          .doNotHaveFullyQualifiedName("io.akkord.actors.job.ClusterControl")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("akka.actor.typed.javadsl.AskPattern")
          .because("a question whose answer is lost is asked again, not waited for");

  /** Who writes the time down. */
  private static final Set<String> STAMPS =
      Set.of(
          "io.akkord.actors.checkpoint.CheckpointWriter",
          "io.akkord.actors.checkpoint.Checkpointer",
          "io.akkord.actors.content.ContentHashes",
          "io.akkord.actors.content.ContentStore",
          "io.akkord.actors.params.KeptSlices",
          "io.akkord.actors.run.EventsFile",
          "io.akkord.actors.run.MetricsFile",
          "io.akkord.actors.run.OutputFolder",
          "io.akkord.actors.run.TrainingRun");

  @ArchTest
  static final ArchRule NOBODY_DECIDES_BY_THE_CLOCK_ON_THE_WALL =
      noClasses()
          .that()
          .resideInAPackage("io.akkord.actors..")
          .and()
          // Stamps for people, files of other programs, certificates: nothing of a run waits for
          // them.
          .resideOutsideOfPackages("..actors.dashboard..", "..actors.security..", "..simulation..")
          .and(
              com.tngtech.archunit.base.DescribedPredicate.not(
                  com.tngtech.archunit.base.DescribedPredicate.describe(
                      "write stamps",
                      c -> STAMPS.stream().anyMatch(s -> c.getName().startsWith(s)))))
          .should()
          .callMethodWhere(JavaCall.Predicates.target(new WallClock()))
          .because("a clock that is set would end waits too early or never; nanoTime only goes on");

  private static final class WallClock
      extends com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.AccessTarget> {
    WallClock() {
      super("asks for the time of day");
    }

    @Override
    public boolean test(com.tngtech.archunit.core.domain.AccessTarget target) {
      String owner = target.getOwner().getName();
      String name = target.getName();
      return owner.equals("java.lang.System") && name.equals("currentTimeMillis")
          || owner.startsWith("java.time.") && name.equals("now")
          || owner.equals("java.time.Clock") && name.startsWith("system");
    }
  }

  private static final class Waiting
      extends com.tngtech.archunit.base.DescribedPredicate<
          com.tngtech.archunit.core.domain.AccessTarget> {
    Waiting() {
      super("waits for another thread");
    }

    @Override
    public boolean test(com.tngtech.archunit.core.domain.AccessTarget target) {
      boolean future =
          target.getOwner().isAssignableTo(Future.class)
              && (target.getName().equals("join") || target.getName().equals("get"));
      boolean sleep =
          target.getOwner().isEquivalentTo(Thread.class)
              && (target.getName().equals("sleep") || target.getName().equals("join"));
      boolean monitor =
          target.getOwner().isEquivalentTo(Object.class) && target.getName().equals("wait");
      return future || sleep || monitor;
    }
  }
}
