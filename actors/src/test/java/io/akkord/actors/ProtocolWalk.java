package io.akkord.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import akka.serialization.Serializer;
import akka.serialization.Serializers;
import com.google.protobuf.Message;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.assertj.core.api.recursive.comparison.RecursiveComparisonConfiguration;

/**
 * Sends every message of a protocol through the serializers an actor system is configured with. A
 * message added to the protocol is covered unasked.
 */
public final class ProtocolWalk {
  private final ActorTestKit kit;

  /** A walk with the serializers of this kit's actor system. */
  public ProtocolWalk(ActorTestKit kit) {
    this.kit = kit;
  }

  /**
   * Every public message nested in {@code protocol} comes back as it was; returns their classes.
   */
  public List<Class<?>> walk(Class<?> protocol) {
    List<Class<?>> messages =
        Arrays.stream(protocol.getDeclaredClasses())
            .filter(CborMessage.class::isAssignableFrom)
            .filter(type -> type.isRecord() || type.isEnum())
            .filter(type -> !Modifier.isPrivate(type.getModifiers()))
            .<Class<?>>map(type -> type)
            .toList();
    messages.forEach(type -> roundTrip(sample(type)));
    return messages;
  }

  /** One message comes back as it was, written by a serializer of ours. */
  public void roundTrip(Object message) {
    Serialization serialization = SerializationExtension.get(kit.system());
    Serializer serializer = serialization.findSerializerFor(message);
    assertThat(serializer.getClass().getName())
        .as("serializer of %s", message.getClass())
        .containsAnyOf("JacksonCborSerializer", "ProtobufSerializer");
    byte[] bytes = serialization.serialize(message).get();
    Object back =
        serialization
            .deserialize(
                bytes, serializer.identifier(), Serializers.manifestFor(serializer, message))
            .get();
    if (message instanceof Message) {
      assertThat(back).isEqualTo(message);
      return;
    }
    assertThat(back)
        .usingRecursiveComparison(
            RecursiveComparisonConfiguration.builder().withStrictTypeChecking(false).build())
        .withEqualsForType(Object::equals, ActorRef.class)
        .isEqualTo(message);
  }

  /** Some value of a type, no two components of a record alike by accident. */
  private Object sample(Type type) {
    if (type instanceof ParameterizedType generic) {
      return sampleGeneric((Class<?>) generic.getRawType(), generic.getActualTypeArguments());
    }
    Class<?> raw = (Class<?>) type;
    if (raw.isRecord()) {
      return sampleRecord(raw);
    }
    if (raw.isEnum()) {
      return raw.getEnumConstants()[raw.getEnumConstants().length - 1];
    }
    if (raw.isArray()) {
      Object array = Array.newInstance(raw.getComponentType(), 2);
      Array.set(array, 0, sample(raw.getComponentType()));
      Array.set(array, 1, sample(raw.getComponentType()));
      return array;
    }
    if (raw.isSealed()) {
      return sample(raw.getPermittedSubclasses()[0]);
    }
    return sampleScalar(raw);
  }

  private Object sampleScalar(Class<?> raw) {
    Map<Class<?>, Object> scalars = new LinkedHashMap<>();
    scalars.put(int.class, 3);
    scalars.put(Integer.class, 4);
    scalars.put(long.class, 5L << 40);
    scalars.put(Long.class, 6L << 40);
    scalars.put(double.class, 0.1);
    scalars.put(Double.class, 0.2);
    scalars.put(float.class, 0.3f);
    scalars.put(boolean.class, true);
    scalars.put(Boolean.class, true);
    scalars.put(byte.class, (byte) -7);
    scalars.put(String.class, "текст ünd \"quotes\"\n");
    scalars.put(OptionalInt.class, OptionalInt.of(3));
    scalars.put(OptionalLong.class, OptionalLong.of(5L << 40));
    Object value = scalars.get(raw);
    if (value == null) {
      throw new AssertionError("a message holds a " + raw + ", which this walk does not know");
    }
    return value;
  }

  private Object sampleGeneric(Class<?> raw, Type[] arguments) {
    if (raw == ActorRef.class) {
      return kit.createTestProbe().getRef();
    }
    if (raw == List.class) {
      return List.of(sample(arguments[0]), sample(arguments[0]));
    }
    if (raw == Set.class) {
      return Set.of(sample(arguments[0]));
    }
    if (raw == Map.class) {
      return Map.of(sample(arguments[0]), sample(arguments[1]));
    }
    if (raw == Optional.class) {
      return Optional.of(sample(arguments[0]));
    }
    throw new AssertionError("a message holds a " + raw + ", which this walk does not know");
  }

  private Object sampleRecord(Class<?> raw) {
    RecordComponent[] components = raw.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    Object[] values = Arrays.stream(components).map(c -> sample(c.getGenericType())).toArray();
    try {
      Constructor<?> constructor = raw.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("cannot make a " + raw, e);
    }
  }
}
