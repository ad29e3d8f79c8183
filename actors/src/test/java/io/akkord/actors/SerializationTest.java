package io.akkord.actors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import akka.serialization.Serializer;
import akka.serialization.jackson.JacksonCborSerializer;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.akkord.actors.journal.JournalConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an actor system of a run makes of bytes from the network. */
class SerializationTest {
  private static final int JAVA = 1;

  @TempDir static Path folder;

  private static Config config;
  private static ActorTestKit kit;
  private static Serialization serialization;

  /** No message of ours, although in a package of ours. */
  record NotAMessage(String text) {}

  @BeforeAll
  static void aRunsActorSystem() {
    config =
        JournalConfig.h2(folder)
            .withFallback(ConfigFactory.parseResources("akkord-actors.conf"))
            .withFallback(ConfigFactory.load());
    kit =
        ActorTestKit.create(
            ConfigFactory.parseString(
                    "akka { actor.provider = cluster, cluster.jmx.enabled = off, remote.artery.canonical { hostname = 127.0.0.1, port = 0 } }")
                .withFallback(config));
    serialization = SerializationExtension.get(kit.system());
  }

  @AfterAll
  static void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void javaSerializationIsOff() {
    assertThat(config.getBoolean("akka.actor.allow-java-serialization")).isFalse();
    assertThat(serialization.serializerByIdentity().get(JAVA).get().getClass().getSimpleName())
        .isEqualTo("DisabledJavaSerializer");
  }

  @Test
  void anObjectThatJavaCouldWriteIsNotWritten() {
    assertThatThrownBy(() -> serialization.serialize(new ArrayList<>(List.of("text"))).get())
        .hasMessageContaining("Attempted to serialize message using Java serialization");
  }

  @Test
  void anObjectThatJavaHasWrittenIsNotRead() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new ArrayList<>(List.of("text")));
    }
    assertThatThrownBy(() -> serialization.deserialize(bytes.toByteArray(), JAVA, "").get())
        .hasMessageContaining("Attempted to deserialize message using Java serialization");
  }

  @Test
  void everyMessageGoesThroughCborAndNothingElse() throws NotSerializableException {
    List<Class<?>> messages =
        new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.akkord.actors")
                .stream()
                .filter(type -> type.isAssignableTo(CborMessage.class))
                .filter(type -> !type.isInterface())
                .<Class<?>>map(JavaClass::reflect)
                .toList();
    assertThat(messages).hasSizeGreaterThan(20);
    for (Class<?> message : messages) {
      assertThat(serialization.serializerFor(message))
          .as("%s", message)
          .isInstanceOf(JacksonCborSerializer.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "java.util.ArrayList",
        "java.io.File",
        "com.zaxxer.hikari.HikariConfig",
        "io.akkord.model.UserError",
        "io.akkord.actors.SerializationTest$NotAMessage"
      })
  void cborBuildsNothingThatIsNoMessage(String name) throws Exception {
    assertThat(Class.forName(name)).isNotNull();
    Serializer cbor = serialization.serializerFor(CborMessage.class);
    byte[] emptyMap = {(byte) 0xa0};
    assertThatThrownBy(() -> serialization.deserialize(emptyMap, cbor.identifier(), name).get())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("for security reasons");
  }

  @Test
  void noPrefixWidensTheList() {
    for (String binding : List.of("jackson", "jackson.jackson-cbor")) {
      String key = "akka.serialization." + binding + ".allowed-class-prefix";
      if (config.hasPath(key)) {
        assertThat(config.getStringList(key)).as(key).isEmpty();
      }
    }
  }
}
