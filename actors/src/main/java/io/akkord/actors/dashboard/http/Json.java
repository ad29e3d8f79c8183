package io.akkord.actors.dashboard.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;

/** JSON for pages: no NaN, and no more digits than anybody reads. */
final class Json {
  private static final MathContext DIGITS = new MathContext(7);

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .registerModule(
              new SimpleModule()
                  .addSerializer(Double.class, new Doubles())
                  .addSerializer(double[].class, new DoubleArrays()));

  private Json() {}

  static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void number(JsonGenerator json, double value) throws IOException {
    if (!Double.isFinite(value)) {
      json.writeNull();
    } else if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      json.writeNumber((long) value);
    } else {
      json.writeNumber(BigDecimal.valueOf(value).round(DIGITS).stripTrailingZeros().toString());
    }
  }

  private static final class Doubles extends StdSerializer<Double> {
    private static final long serialVersionUID = 1;

    Doubles() {
      super(Double.class);
    }

    @Override
    public void serialize(Double value, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      number(json, value);
    }
  }

  private static final class DoubleArrays extends StdSerializer<double[]> {
    private static final long serialVersionUID = 1;

    DoubleArrays() {
      super(double[].class);
    }

    @Override
    public void serialize(double[] values, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      json.writeStartArray();
      for (double value : values) {
        number(json, value);
      }
      json.writeEndArray();
    }
  }
}
