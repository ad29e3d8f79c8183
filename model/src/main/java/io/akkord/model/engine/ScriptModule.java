package io.akkord.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.akkord.model.program.TorchScriptArchive;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** A loaded program: one native call per method. */
final class ScriptModule implements AutoCloseable {
  private final NDManager manager;
  private final PtSymbolBlock block;

  private ScriptModule(NDManager manager, PtSymbolBlock block) {
    this.manager = manager;
    this.block = block;
  }

  static ScriptModule load(NDManager parent, String className, String code) {
    NDManager manager = parent.newSubManager();
    byte[] archive = TorchScriptArchive.of(className, code);
    try {
      PtSymbolBlock block =
          JniUtils.loadModule(
              (PtNDManager) manager, new ByteArrayInputStream(archive), true, false);
      return new ScriptModule(manager, block);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Calls a method.
   *
   * @param scope owns the results
   * @param arguments an {@link NDArray} for a Tensor, a list of them for a List[Tensor]
   */
  NDList call(NDManager scope, String method, Object... arguments) {
    NDList inputs = new NDList();
    // DJL's binding names the method by the name of an extra array and lists by names that end in
    // [].
    try (NDManager marker = scope.newSubManager()) {
      NDArray name = marker.create(0f);
      name.setName("module_method:" + method);
      inputs.add(name);
      for (int i = 0; i < arguments.length; i++) {
        addArgument(inputs, arguments[i], "list" + i + "[]");
      }
      NDList results = IValueUtils.forward(block, inputs, true);
      results.attach(scope);
      return results;
    }
  }

  private static void addArgument(NDList inputs, Object argument, String listName) {
    if (argument instanceof NDArray array) {
      array.setName(null);
      inputs.add(array);
      return;
    }
    for (Object element : (List<?>) argument) {
      NDArray array = (NDArray) element;
      array.setName(listName);
      inputs.add(array);
    }
  }

  @Override
  public void close() {
    block.close();
    manager.close();
  }
}
