package io.akkord.actors.dashboard.http;

import io.akkord.actors.dashboard.RunSet;
import io.akkord.model.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The dashboard's answers without its server: from what runs left on disk. */
public final class LocalAnswers {
  private final Api api;

  /** Answers about these runs; refreshed by whoever owns them. */
  public LocalAnswers(RunSet runs) {
    api = new Api(runs, System::currentTimeMillis);
  }

  /**
   * What {@code GET /api/v1/PATH} would send.
   *
   * @param path segments, decoded
   * @return JSON
   * @throws UserError with the server's reason, where it would refuse
   */
  public String get(List<String> path, Map<String, String> query) {
    List<String> whole = new ArrayList<>(List.of("api", "v1"));
    whole.addAll(path);
    try {
      Answer answer = api.answer(new Question("GET", whole, query, Map.of()));
      return new String(answer.body(), StandardCharsets.UTF_8);
    } catch (Refused e) {
      throw new UserError(e.getMessage(), e);
    }
  }
}
