package io.akkord.actors.run;

import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.model.layout.LoraStart;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Adapters as they start, as one flat buffer; the padding reads as zero. */
record AdapterSource(LoraStart start, ParameterLayout layout, boolean wide) implements FlatSource {
  @Override
  public void read(long from, ByteBuffer target) {
    int width = wide ? 8 : 4;
    long to = from + target.remaining() / width;
    ByteBuffer numbers = target.slice().order(ByteOrder.LITTLE_ENDIAN);
    for (int index = 0; index < layout.parameters().size(); index++) {
      Parameter p = layout.parameters().get(index);
      long end = Math.min(to, p.offset() + p.elements());
      for (long at = Math.max(from, p.offset()); at < end; at++) {
        double value = start.value(index, at - p.offset());
        int place = (int) (at - from) * width;
        if (wide) {
          numbers.putDouble(place, value);
        } else {
          numbers.putFloat(place, (float) value);
        }
      }
    }
  }
}
