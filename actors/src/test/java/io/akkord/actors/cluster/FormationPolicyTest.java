package io.akkord.actors.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.akkord.actors.cluster.FormationPolicy.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FormationPolicyTest {
  private static final List<String> CONTROL = List.of("c:1", "a:1", "b:1");

  private static Verdict verdict(String self, Map<String, Boolean> heard) {
    return FormationPolicy.decide(CONTROL, self, heard).verdict();
  }

  @Test
  void whoHearsNobodyBeginsNothingWhereverItsNameStands() {
    for (String self : CONTROL) {
      assertThat(verdict(self, Map.of())).as(self).isEqualTo(Verdict.WAIT);
    }
    assertThat(FormationPolicy.decide(CONTROL, "a:1", Map.of()).reason())
        .isEqualTo(
            "of the control nodes [a:1, b:1, c:1] only this one, a:1, is heard; a cluster begins when 2 of 3 hear each other");
  }

  @Test
  void ofTwoThatHearEachOtherOneBegins() {
    assertThat(verdict("a:1", Map.of("c:1", false))).isEqualTo(Verdict.BEGIN);
    assertThat(verdict("c:1", Map.of("a:1", false))).isEqualTo(Verdict.JOIN);
  }

  @Test
  void whereSomebodyHasAClusterNobodyBeginsAnother() {
    assertThat(verdict("a:1", Map.of("b:1", true))).isEqualTo(Verdict.JOIN);
    assertThat(verdict("a:1", Map.of("b:1", false, "c:1", true))).isEqualTo(Verdict.JOIN);
    assertThat(FormationPolicy.decide(CONTROL, "a:1", Map.of("c:1", true)).reason())
        .isEqualTo("[c:1] are part of a cluster");
  }

  @Test
  void whoIsNoControlNodeDoesNotCount() {
    assertThat(verdict("a:1", Map.of("stranger:1", false))).isEqualTo(Verdict.WAIT);
    assertThat(verdict("a:1", Map.of("stranger:1", true))).isEqualTo(Verdict.WAIT);
  }

  /** Whoever hears whom, in both directions: in a network that is cut in any place one begins. */
  @Test
  void howeverTheNetworkIsCutAtMostOneBegins() {
    List<Set<String>> links =
        List.of(Set.of("a:1", "b:1"), Set.of("a:1", "c:1"), Set.of("b:1", "c:1"));
    for (int whole = 0; whole < 1 << links.size(); whole++) {
      List<String> beginners = new ArrayList<>();
      for (String self : CONTROL) {
        Map<String, Boolean> heard = new HashMap<>();
        for (int link = 0; link < links.size(); link++) {
          if ((whole >> link & 1) == 1 && links.get(link).contains(self)) {
            links.get(link).stream()
                .filter(other -> !other.equals(self))
                .forEach(other -> heard.put(other, false));
          }
        }
        if (verdict(self, heard) == Verdict.BEGIN) {
          beginners.add(self);
        }
      }
      // Where a and b do not hear each other but both hear c, both may begin; c joins one of them,
      // and the other stays without the second control node that makes full members.
      int most = whole == 0b110 ? 2 : 1;
      assertThat(beginners)
          .as("links %s", Integer.toBinaryString(whole))
          .hasSizeBetween(Math.min(1, whole), whole == 0 ? 0 : most);
    }
  }
}
