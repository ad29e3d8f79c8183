package io.akkord.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.akkord.actors.dashboard.http.DashboardOptions;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Nothing can be reached from another machine that nobody has asked for. */
class LoopbackTest {
  private static String defaultOf(String command, String option) {
    return new CommandLine(Akkord.class)
        .getSubcommands()
        .get(command)
        .getCommandSpec()
        .findOption(option)
        .defaultValue();
  }

  private static void requireLoopback(String host) throws Exception {
    assertThat(InetAddress.getByName(host).isLoopbackAddress()).as(host).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {StartCommand.HEAD_BIND, StartCommand.WORKER_BIND})
  void nodesListenOnLoopback(String bind) throws Exception {
    requireLoopback(Bind.parse(bind).host());
  }

  @Test
  void aRunListensOnLoopback() throws Exception {
    requireLoopback(Bind.parse(defaultOf("train", "--bind")).host());
  }

  @Test
  void dashboardsListenOnLoopback() throws Exception {
    requireLoopback(DashboardOptions.defaults().host());
    assertThat(DashboardOptions.defaults().loopback()).isTrue();
    requireLoopback(defaultOf("train", "--dashboard-host"));
    requireLoopback(defaultOf("start", "--dashboard-host"));
    requireLoopback(defaultOf("dashboard", "--host"));
  }

  @Test
  void theLaneListensOnLoopback() throws Exception {
    requireLoopback(io.akkord.actors.bulk.netty.Settings.local("token").host());
  }

  @Test
  void managementIsOffAndWouldListenOnLoopback() throws Exception {
    var management = ConfigFactory.load().getConfig("akkord.management");
    assertThat(management.getBoolean("enabled")).isFalse();
    requireLoopback(management.getString("host"));
  }
}
