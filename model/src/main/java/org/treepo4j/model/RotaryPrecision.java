package org.treepo4j.model;

import org.treepo4j.checkpoints.Bf16;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.DType;
import org.treepo4j.checkpoints.Fp16;
import org.treepo4j.checkpoints.HfFolder;
import org.treepo4j.checkpoints.ModelSource;

/**
 * The number format that rotary frequencies were rounded to before use.
 *
 * <p>They follow from the configuration and are stored nowhere. Transformers' {@code
 * from_pretrained} and vLLM keep them in float32, whatever the weights are. A PyTorch model that
 * was cast as a whole ({@code model.to(torch.bfloat16)}) has rounded them with everything else,
 * which moves logits in the third or fourth digit: {@link #ofStored} is for comparing with values
 * made that way.
 */
public enum RotaryPrecision {
  FULL {
    @Override
    double round(double frequency) {
      return frequency;
    }
  },
  BF16 {
    @Override
    double round(double frequency) {
      return Bf16.toFloat(Bf16.fromFloat((float) frequency));
    }
  },
  F16 {
    @Override
    double round(double frequency) {
      return Fp16.toFloat(Fp16.fromFloat((float) frequency));
    }
  };

  abstract double round(double frequency);

  /**
   * The format of a folder's embedding, as if the model had been cast to it as a whole. The weights
   * of a GGUF file are of many formats: full.
   */
  public static RotaryPrecision ofStored(ModelSource source) throws CheckpointException {
    if (!(source instanceof HfFolder folder)) {
      return FULL;
    }
    DType stored = folder.tensor(TensorNames.EMBEDDING).dtype();
    return stored == DType.BF16 ? BF16 : stored == DType.F16 ? F16 : FULL;
  }
}
