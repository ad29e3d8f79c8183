package io.akkord.actors.dashboard.http;

import io.akkord.actors.dashboard.LogLine;
import io.akkord.actors.dashboard.LogRing;
import io.akkord.actors.dashboard.NodeLogs;
import io.akkord.actors.dashboard.RunView;
import io.akkord.actors.node.NodeBoard;
import io.akkord.actors.node.NodeLine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What was said, by time: the run's own lines, those of its worker processes, and on the head of a
 * cluster those of all its nodes; the dead keep theirs.
 */
final class LogAnswers {
  static final List<String> PARAMETERS = List.of("run", "level", "node", "actor", "q", "limit");

  /** Lines of one answer. */
  private static final int MOST = 10_000;

  private static final int USUAL = 500;
  private static final int NAMES = 200;

  private final List<LogLine> all = new ArrayList<>();
  private final List<String> older = new ArrayList<>();

  private LogAnswers() {}

  static Map<String, Object> of(
      Question question, Optional<RunView> run, List<NodeBoard.Said> nodes) {
    LogAnswers answers = new LogAnswers();
    run.ifPresent(answers::add);
    nodes.forEach(answers::add);
    answers.all.sort(Comparator.comparingLong(LogLine::at));
    return answers.find(question);
  }

  private void add(RunView run) {
    all.addAll(run.read(m -> m.log().find(0, "", "", LogRing.CAPACITY)));
    all.addAll(NodeLogs.of(run.folder()));
    long left = run.read(m -> m.log().left());
    if (left > 0) {
      older.add(
          "%d older lines of the run are in %s"
              .formatted(left, run.folder().resolve("events.jsonl")));
    }
  }

  private void add(NodeBoard.Said said) {
    for (NodeLine line : said.lines()) {
      all.add(new LogLine(0, line.at(), line.level(), said.node(), line.actor(), line.text()));
    }
    if (said.left() > 0) {
      older.add("%d older lines of %s are in its own log only".formatted(said.left(), said.node()));
    }
  }

  private Map<String, Object> find(Question question) {
    Predicate<LogLine> wanted = wanted(question);
    int limit = question.number("limit", USUAL, 1, MOST);
    List<LogLine> found = all.stream().filter(wanted).toList();
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("rows", found.subList(Math.max(0, found.size() - limit), found.size()));
    view.put("matching", found.size());
    view.put("sources", names(LogLine::source));
    view.put("actors", names(LogLine::actor));
    view.put("older", older);
    return view;
  }

  private List<String> names(Function<LogLine, String> of) {
    return all.stream()
        .map(of)
        .filter(name -> !name.isEmpty())
        .distinct()
        .sorted()
        .limit(NAMES)
        .toList();
  }

  private static Predicate<LogLine> wanted(Question question) {
    int least = least(question.text("level", ""));
    String node = question.text("node", "");
    String actor = NodeLine.actor(question.text("actor", ""));
    String part = question.text("q", "").toLowerCase(Locale.ROOT);
    return line ->
        LogLine.LEVELS.indexOf(line.level()) >= least
            && (node.isEmpty() || isOf(line.source(), node))
            && (actor.isEmpty() || line.actor().equals(actor))
            && (part.isEmpty() || holds(line, part));
  }

  private static int least(String level) {
    int least = level.isEmpty() ? 0 : LogLine.LEVELS.indexOf(level);
    if (least < 0) {
      throw new Refused(
          400,
          "level is '%s'; allowed are %s, each with what is more serious"
              .formatted(level, String.join(", ", LogLine.LEVELS)));
    }
    return least;
  }

  /** What is said of a node's device, as NODE/cpu:0, is the node's too. */
  private static boolean isOf(String source, String node) {
    return source.equals(node) || source.startsWith(node + "/");
  }

  private static boolean holds(LogLine line, String part) {
    return line.text().toLowerCase(Locale.ROOT).contains(part)
        || line.source().toLowerCase(Locale.ROOT).contains(part)
        || line.actor().contains(part);
  }
}
