package org.treepo4j.engines.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;

/** The engine for NVIDIA GPUs. */
public final class CudaEngine implements Engine {
  /** Before the engines of the CPU. */
  private static final int GPU_RANK = 20;

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public Optional<String> problem(EngineOptions options) {
    try {
      DeviceFacts.find();
      return Optional.empty();
    } catch (EngineUnavailableException e) {
      return Optional.of("the cuda engine: " + e.getMessage());
    }
  }

  @Override
  public Optional<String> problem(ModelConfig config) {
    String lacks = null;
    if (config.design().experts() != null) {
      lacks = "experts";
    } else if (config.design().deltaRule() != null) {
      lacks = "linear layers (linear_attention)";
    } else if (config.architecture().gatesAttention()) {
      lacks = "gated attention";
    } else if (config.headDim() > AttentionShape.MOST_DIM) {
      lacks = "heads wider than " + AttentionShape.MOST_DIM;
    }
    return Optional.ofNullable(lacks)
        .map(
            what ->
                "the cuda engine has no %s, which this %s model has; use the vector engine"
                    .formatted(what, config.architecture().modelType()));
  }

  /** Where there is no driver at all, or only a stand-in for it, auto does not consider it. */
  @Override
  public int autoRank() {
    return driverIsPresent() ? GPU_RANK : -1;
  }

  /** Whether there is any driver of a real device to load; tells it without loading. */
  private static boolean driverIsPresent() {
    boolean emulated = System.getProperty(Driver.LIBRARY_PROPERTY) != null;
    boolean real =
        Files.exists(Path.of("/proc/driver/nvidia/version"))
            || Files.exists(Path.of("/dev/dxg")); // Linux within Windows
    return real && !emulated;
  }

  @Override
  public CausalLm open(Weights weights, EngineOptions options) {
    Device device = Device.open();
    boolean opened = false;
    try {
      CausalLm model = new CudaCausalLm(weights, device, options.weights());
      opened = true;
      return model;
    } finally {
      if (!opened) {
        device.close();
      }
    }
  }

  @Override
  public boolean computesOnHeap() {
    return false;
  }

  /** Nothing on the heap: the device's memory is asked for when the model is opened. */
  @Override
  public Memory memory(ModelConfig config, EngineOptions options, Trained trained) {
    return new Memory(0, 0, 0, 0, 0, 0, 0);
  }

  @Override
  public Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    if (driverIsPresent()) {
      try {
        DeviceFacts device = DeviceFacts.find();
        facts.put("cudaDevice", device.name());
        facts.put("cudaCapability", device.capability() / 10.0);
        facts.put("cudaDriver", Driver.versionText(device.driver()));
        facts.put("cudaMemoryBytes", device.memory());
      } catch (EngineUnavailableException e) {
        facts.put("cudaDevice", "none");
      }
    }
    return facts;
  }
}
