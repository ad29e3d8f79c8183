package io.akkord.actors.worker;

import io.akkord.actors.params.KeptSlices;
import io.akkord.model.engine.CudaDevice;
import io.akkord.model.engine.DeviceThread;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The device threads of a process, kept from run to run. How many native threads a device uses is
 * said by the recipe, as bits depend on it, so a device is started by the first run that needs it.
 *
 * <p>There is one thread a device, for workers and slices alike: each thread that calls libtorch
 * has a pool of OpenMP threads, and with more of those than cores libgomp stops spinning between
 * operations, which made every step a fifth slower.
 */
public final class Devices implements AutoCloseable {
  private static final String CPU = "cpu";

  private record Started(DeviceThread thread, int threads) {}

  private final List<String> names;
  private final List<String> engineDevices;
  private final Map<Integer, Started> started = new HashMap<>();
  private final Map<List<Integer>, KeptSlices> kept = new HashMap<>();

  /** CPU devices by name, such as worker-0; none is started yet. */
  public Devices(List<String> names) {
    this(names, names.stream().map(name -> CPU).toList());
  }

  /**
   * Devices of which none is started yet.
   *
   * @param names for logs
   * @param offered what each computes on: {@code cpu:N}, where N tells them apart, or {@code
   *     cuda:N}
   */
  public Devices(List<String> names, List<String> offered) {
    this.names = List.copyOf(names);
    this.engineDevices =
        offered.stream().map(device -> CudaDevice.named(device) ? device : CPU).toList();
  }

  /** What the engine calls a device: {@code cpu} or {@code cuda:N}. */
  public String engineDevice(int index) {
    return engineDevices.get(index);
  }

  /** Number of devices. */
  public int size() {
    return names.size();
  }

  /** The thread of a device; another one than before if the number of native threads changes. */
  public synchronized DeviceThread device(int index, int threads) {
    Started now = started.get(index);
    if (now == null || now.threads() != threads) {
      if (now != null) {
        now.thread().close();
      }
      now = new Started(DeviceThread.start(names.get(index), threads), threads);
      started.put(index, now);
    }
    return now.thread();
  }

  /** Slices of the host with these devices that wait for a new supervisor. */
  public synchronized KeptSlices kept(List<Integer> devices) {
    return kept.computeIfAbsent(List.copyOf(devices), key -> new KeptSlices());
  }

  @Override
  public synchronized void close() {
    kept.values().forEach(KeptSlices::close);
    started.values().forEach(device -> device.thread().close());
    started.clear();
  }
}
