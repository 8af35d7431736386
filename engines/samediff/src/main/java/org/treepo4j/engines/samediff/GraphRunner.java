package org.treepo4j.engines.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Executes a SameDiff graph. Inputs stay the caller's; outputs become the caller's; everything
 * between is closed before {@link #run} returns.
 *
 * <p>Sessions are used directly, because {@code SameDiff.calculateGradients} switches the freeing
 * of intermediates off.
 */
final class GraphRunner {
  private final ScratchMemory memory = new ScratchMemory();
  private final Session session;

  private static final class Session extends InferenceSession {
    Session(SameDiff graph, ScratchMemory memory) {
      super(graph);
      setMmgr(memory);
    }

    /** Sessions keep the outcomes and the names of everything they ever freed. */
    void forget() {
      nodeValueOutputs.clear();
      freedArrays.clear();
      getArrayUseTracker().clear();
    }
  }

  GraphRunner(SameDiff graph) {
    graph.setEnableCache(true);
    session = new Session(graph, memory);
  }

  /** The named variables, in the order asked for. */
  List<Tensor> run(Map<String, INDArray> inputs, List<String> outputs) {
    try {
      Map<String, INDArray> values =
          session.output(outputs, inputs, null, List.of(), List.of(), At.defaultAt());
      return memory.keep(outputs.stream().map(values::get).toList());
    } finally {
      memory.close();
      session.forget();
    }
  }
}
