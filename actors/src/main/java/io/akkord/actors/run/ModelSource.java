package io.akkord.actors.run;

import io.akkord.actors.checkpoint.FlatSource;
import io.akkord.model.hf.HfFolder;
import io.akkord.model.layout.ParameterLayout;
import io.akkord.model.layout.ParameterLayout.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A model folder's weights as one flat buffer; the padding reads as zero. */
final class ModelSource implements FlatSource {
  private final HfFolder folder;
  private final ParameterLayout layout;
  private final boolean wide;

  /**
   * A source.
   *
   * @param wide float64, else float32
   */
  ModelSource(HfFolder folder, ParameterLayout layout, boolean wide) {
    this.folder = folder;
    this.layout = layout;
    this.wide = wide;
  }

  @Override
  public void read(long from, ByteBuffer target) {
    int width = wide ? 8 : 4;
    long to = from + target.remaining() / width;
    for (Parameter p : layout.parameters()) {
      long first = Math.max(from, p.offset());
      long end = Math.min(to, p.offset() + p.elements());
      if (first < end) {
        ByteBuffer part =
            target
                .slice((int) (first - from) * width, (int) (end - first) * width)
                .order(ByteOrder.LITTLE_ENDIAN);
        if (wide) {
          folder.readDouble(p.name(), first - p.offset(), part.asDoubleBuffer());
        } else {
          folder.read(p.name(), first - p.offset(), part.asFloatBuffer());
        }
      }
    }
  }
}
