package io.akkord.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The files that start Akkord elsewhere: manifests against the Kubernetes API's own types, in which
 * an unknown field is an error, and everything against the program it starts.
 */
class DeploymentFilesTest {
  private static final Path KUBERNETES = Path.of("kubernetes");

  private static final Map<String, Class<? extends HasMetadata>> KINDS =
      Map.ofEntries(
          Map.entry("Namespace", Namespace.class),
          Map.entry("ServiceAccount", ServiceAccount.class),
          Map.entry("Role", Role.class),
          Map.entry("RoleBinding", RoleBinding.class),
          Map.entry("Secret", Secret.class),
          Map.entry("ConfigMap", ConfigMap.class),
          Map.entry("Service", Service.class),
          Map.entry("StatefulSet", StatefulSet.class),
          Map.entry("PodDisruptionBudget", PodDisruptionBudget.class),
          Map.entry("PersistentVolumeClaim", PersistentVolumeClaim.class),
          Map.entry("NetworkPolicy", NetworkPolicy.class));

  /** The API's types keep what they do not know; here that is a mistake. */
  private static final ObjectMapper STRICT =
      new ObjectMapper(new YAMLFactory())
          .setAnnotationIntrospector(
              new JacksonAnnotationIntrospector() {
                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                  return false;
                }
              })
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private static List<HasMetadata> objects(String file) throws IOException {
    List<HasMetadata> objects = new ArrayList<>();
    try (var documents =
        STRICT.readerFor(JsonNode.class).<JsonNode>readValues(KUBERNETES.resolve(file).toFile())) {
      while (documents.hasNext()) {
        JsonNode document = documents.next();
        String kind = document.path("kind").asText();
        assertThat(KINDS).as("%s: kind %s", file, kind).containsKey(kind);
        objects.add(STRICT.treeToValue(document, KINDS.get(kind)));
      }
    }
    return objects;
  }

  private static <T> List<T> all(List<HasMetadata> objects, Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static Container container(StatefulSet set) {
    return set.getSpec().getTemplate().getSpec().getContainers().get(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "akkord.yaml",
        "three-control-nodes/patches.yaml",
        "three-control-nodes/shared-volume.yaml"
      })
  void everyObjectIsOneOfTheApiAndInTheNamespace(String file) throws IOException {
    for (HasMetadata object : objects(file)) {
      assertThat(object.getMetadata().getName()).startsWith("akkord");
      if (!(object instanceof Namespace)) {
        assertThat(object.getMetadata().getNamespace()).isEqualTo("akkord");
      }
    }
  }

  /** What a cluster consists of there, piece by piece: none may be lost unseen. */
  @Test
  void everythingThatAClusterNeedsIsThere() throws IOException {
    List<HasMetadata> objects = objects("akkord.yaml");
    assertThat(objects)
        .extracting(object -> object.getKind() + " " + object.getMetadata().getName())
        .containsExactlyInAnyOrder(
            "Namespace akkord",
            "ServiceAccount akkord",
            "Role akkord-pod-reader",
            "RoleBinding akkord-pod-reader",
            "Secret akkord",
            "ConfigMap akkord",
            "Service akkord-control",
            "Service akkord-worker",
            "StatefulSet akkord-control",
            "StatefulSet akkord-worker",
            "PodDisruptionBudget akkord-control",
            "PodDisruptionBudget akkord-worker",
            "NetworkPolicy akkord");
    assertThat(all(objects, Service.class))
        .as("headless")
        .allMatch(service -> service.getSpec().getClusterIP().equals("None"));
    for (StatefulSet set : all(objects, StatefulSet.class)) {
      assertThat(container(set).getStartupProbe()).isNotNull();
      assertThat(container(set).getReadinessProbe()).isNotNull();
      assertThat(container(set).getLivenessProbe()).isNotNull();
      assertThat(set.getSpec().getTemplate().getSpec().getServiceAccountName())
          .isEqualTo(all(objects, ServiceAccount.class).get(0).getMetadata().getName());
    }
    assertThat(all(objects, ConfigMap.class).get(0).getData()).containsKey("akkord.conf");
    assertThat(all(objects, Secret.class).get(0).getStringData()).isNotEmpty();
    NetworkPolicy network = all(objects, NetworkPolicy.class).get(0);
    assertThat(network.getSpec().getPolicyTypes()).contains("Ingress");
    assertThat(network.getSpec().getIngress()).isNotEmpty();
  }

  /** Nodes find each other through the API, and may do nothing else there. */
  @Test
  void podsMayBeReadAndNothingElse() throws IOException {
    List<HasMetadata> objects = objects("akkord.yaml");
    Role role = all(objects, Role.class).get(0);
    assertThat(role.getRules()).hasSize(1);
    assertThat(role.getRules().get(0).getResources()).containsExactly("pods");
    assertThat(role.getRules().get(0).getVerbs())
        .contains("get", "list", "watch")
        .isSubsetOf("get", "list", "watch");
    RoleBinding binding = all(objects, RoleBinding.class).get(0);
    assertThat(binding.getRoleRef().getName()).isEqualTo(role.getMetadata().getName());
    assertThat(binding.getSubjects())
        .extracting(subject -> subject.getKind() + " " + subject.getName())
        .containsExactly("ServiceAccount akkord");
  }

  @Test
  void aFieldThatTheApiDoesNotKnowIsFound() throws IOException {
    JsonNode wrong = STRICT.readTree("{kind: Service, spec: {clusterIp: None}}");
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> STRICT.treeToValue(wrong, Service.class))
        .hasMessageContaining("clusterIp");
  }

  @Test
  void selectorsFindTheirPods() throws IOException {
    List<HasMetadata> objects = objects("akkord.yaml");
    List<Map<String, String>> pods =
        all(objects, StatefulSet.class).stream()
            .map(set -> set.getSpec().getTemplate().getMetadata().getLabels())
            .toList();
    assertThat(pods).hasSize(2);
    List<Map<String, String>> selectors = new ArrayList<>();
    all(objects, Service.class).forEach(s -> selectors.add(s.getSpec().getSelector()));
    all(objects, StatefulSet.class)
        .forEach(s -> selectors.add(s.getSpec().getSelector().getMatchLabels()));
    all(objects, PodDisruptionBudget.class)
        .forEach(s -> selectors.add(s.getSpec().getSelector().getMatchLabels()));
    all(objects, NetworkPolicy.class)
        .forEach(s -> selectors.add(s.getSpec().getPodSelector().getMatchLabels()));
    assertThat(selectors)
        .allSatisfy(
            selector ->
                assertThat(pods).anyMatch(p -> p.entrySet().containsAll(selector.entrySet())));
    String discovered = ConfigFactory.load().getString("akkord.management.control-pods");
    Map<String, String> control =
        Stream.of(discovered.split(","))
            .collect(Collectors.toMap(l -> l.split("=")[0], l -> l.split("=")[1]));
    assertThat(pods).anyMatch(p -> p.entrySet().containsAll(control.entrySet()));
    assertThat(all(objects, Service.class).stream().map(s -> s.getMetadata().getName()))
        .containsAll(
            all(objects, StatefulSet.class).stream()
                .map(s -> s.getSpec().getServiceName())
                .toList());
  }

  @Test
  void portsProbesSecretsAndVolumesExistWhereTheyAreNamed() throws IOException {
    List<HasMetadata> objects = objects("akkord.yaml");
    Secret secret = all(objects, Secret.class).get(0);
    ConfigMap settings = all(objects, ConfigMap.class).get(0);
    for (StatefulSet set : all(objects, StatefulSet.class)) {
      PodSpec pod = set.getSpec().getTemplate().getSpec();
      Container container = container(set);
      Map<String, Integer> ports =
          container.getPorts().stream()
              .collect(Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort));
      assertThat(ports).containsEntry("messages", 7265).containsEntry("management", 8558);
      assertThat(container.getReadinessProbe().getHttpGet().getPort().getStrVal())
          .isIn(ports.keySet());
      assertThat(container.getLivenessProbe().getHttpGet().getPath()).isEqualTo("/alive");
      assertThat(container.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/ready");
      for (EnvVar variable : container.getEnv()) {
        if (variable.getValueFrom() != null && variable.getValueFrom().getSecretKeyRef() != null) {
          var key = variable.getValueFrom().getSecretKeyRef();
          assertThat(key.getName()).isEqualTo(secret.getMetadata().getName());
          assertThat(secret.getStringData()).containsKey(key.getKey());
        }
      }
      List<String> volumes = new ArrayList<>();
      pod.getVolumes().forEach(volume -> volumes.add(volume.getName()));
      if (set.getSpec().getVolumeClaimTemplates() != null) {
        set.getSpec()
            .getVolumeClaimTemplates()
            .forEach(v -> volumes.add(v.getMetadata().getName()));
      }
      container.getVolumeMounts().forEach(m -> assertThat(volumes).contains(m.getName()));
      assertThat(pod.getVolumes().stream().filter(v -> v.getConfigMap() != null))
          .allMatch(v -> v.getConfigMap().getName().equals(settings.getMetadata().getName()));
      assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
      assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
      assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"akkord.yaml", "three-control-nodes/patches.yaml"})
  void everySettingExistsInTheProgram(String file) throws IOException {
    Config known =
        ConfigFactory.load().withFallback(ConfigFactory.parseResources("akkord-content.conf"));
    for (ConfigMap map : all(objects(file), ConfigMap.class)) {
      String text =
          map.getData().get("akkord.conf").replace("include classpath(\"application.conf\")", "");
      ConfigFactory.parseString(text)
          .entrySet()
          .forEach(entry -> assertThat(known.hasPath(entry.getKey())).as(entry.getKey()).isTrue());
    }
  }

  @Test
  void threeControlNodesHaveAMajorityAndASharedJournal() throws IOException {
    List<HasMetadata> patches = objects("three-control-nodes/patches.yaml");
    String settings = all(patches, ConfigMap.class).get(0).getData().get("akkord.conf");
    Config read =
        ConfigFactory.parseString(settings.replace("include classpath(\"application.conf\")", ""));
    StatefulSet control = all(patches, StatefulSet.class).get(0);
    assertThat(control.getSpec().getReplicas()).isEqualTo(3);
    assertThat(read.getInt("akkord.management.control-nodes")).isEqualTo(3);
    assertThat(read.getString("akkord.persistence.url")).startsWith("jdbc:postgresql://");
    assertThat(
            all(patches, PodDisruptionBudget.class).get(0).getSpec().getMinAvailable().getIntVal())
        .isEqualTo(2);
  }

  @Test
  void containersAreStartedWithOptionsThatTheProgramHas() throws IOException {
    for (StatefulSet set : all(objects("akkord.yaml"), StatefulSet.class)) {
      optionsExist(container(set).getArgs());
    }
    for (String unit : List.of("systemd/akkord-head.service", "systemd/akkord-worker.service")) {
      Matcher command =
          Pattern.compile("ExecStart=\\S+/akkord (.*)").matcher(Files.readString(Path.of(unit)));
      assertThat(command.find()).as(unit).isTrue();
      optionsExist(List.of(command.group(1).split(" ")));
    }
    Matcher sbatch =
        Pattern.compile("\"\\$akkord\" (start|job submit) ([^&\\\\]*)")
            .matcher(Files.readString(Path.of("slurm/train.sbatch")));
    int found = 0;
    while (sbatch.find()) {
      optionsExist(List.of((sbatch.group(1) + " " + sbatch.group(2)).split("\\s+")));
      found++;
    }
    assertThat(found).isEqualTo(2);
  }

  private static void optionsExist(List<String> words) {
    List<String> command = words.stream().takeWhile(w -> w.matches("[a-z]+")).toList();
    io.akkord.deploy.cli.CliOptions known = io.akkord.deploy.cli.CliOptions.of(command);
    words.stream()
        .filter(word -> word.startsWith("--"))
        .forEach(option -> assertThat(known.names()).as("akkord %s", command).contains(option));
  }

  @Test
  void theImageIsBuiltFromWhatIsThereAndRunsAsNobodyInParticular() throws IOException {
    String dockerfile = Files.readString(Path.of("docker/Dockerfile"));
    Matcher copies = Pattern.compile("(?m)^COPY (?!--from)(\\S+) ").matcher(dockerfile);
    int copied = 0;
    while (copies.find()) {
      assertThat(Path.of("..").resolve(copies.group(1))).exists();
      copied++;
    }
    assertThat(copied).isEqualTo(6);
    assertThat(dockerfile).containsPattern("(?m)^USER 10001:10001$");
    assertThat(dockerfile).contains("akkord-deploy-0.1.0-SNAPSHOT.jar");
  }

  @ParameterizedTest
  @ValueSource(strings = {"slurm/train.sbatch", "bin/akkord"})
  void scriptsAreScripts(String file) throws IOException, InterruptedException {
    Process bash = new ProcessBuilder("bash", "-n", file).redirectErrorStream(true).start();
    String said =
        new String(bash.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(bash.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(bash.exitValue()).as(said).isZero();
  }
}
