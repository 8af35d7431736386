package org.treepo4j.laws;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.treepo4j.engines.vector.VectorEngine;
import org.treepo4j.model.AdamW;
import org.treepo4j.model.BranchingDecoder;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.Optimizer;
import org.treepo4j.model.TokenDraws;
import org.treepo4j.model.TokenSampler;
import org.treepo4j.model.TokenTree;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.EngineOptions;

/** Engines that compute or draw other than they should, or take other steps. */
final class EngineMutants {

  private EngineMutants() {}

  static CausalLm vector(Weights weights) {
    return new VectorEngine().open(weights, EngineOptions.defaults());
  }

  static class EngineNegated implements EngineLaws {
    @Override
    public CausalLm open(Weights weights) {
      return new BrokenEngine(vector(weights)) {
        @Override
        float factor() {
          return -1;
        }
      };
    }
  }

  static class EngineShifted implements EngineLaws {
    @Override
    public CausalLm open(Weights weights) {
      return new BrokenEngine(vector(weights)) {
        @Override
        float[] logprobs(TokenTree tree, float[] logprobs, float[][] logits) {
          return Mutants.tokenBefore(logprobs);
        }
      };
    }
  }

  static class EngineRaw implements EngineLaws {
    @Override
    public CausalLm open(Weights weights) {
      return new BrokenEngine(vector(weights)) {
        @Override
        float[] logprobs(TokenTree tree, float[] logprobs, float[][] logits) {
          float[] raw = logprobs.clone();
          for (int token = 1; token < raw.length; token++) {
            raw[token] = logits[tree.parents()[token]][tree.tokens()[token]];
          }
          return raw;
        }
      };
    }
  }

  static class SamplerShifted implements EngineLaws {
    @Override
    public CausalLm open(Weights weights) {
      return new BrokenEngine(vector(weights)) {
        @Override
        public BranchingDecoder decoder(DecoderOptions options) {
          return drawingByNextNumbers(super.decoder(options));
        }
      };
    }
  }

  private static BranchingDecoder drawingByNextNumbers(BranchingDecoder whole) {
    return (BranchingDecoder)
        Proxy.newProxyInstance(
            BranchingDecoder.class.getClassLoader(),
            new Class<?>[] {BranchingDecoder.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(whole, arguments);
                return result instanceof TokenSampler sampler ? shifted(sampler) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static TokenSampler shifted(TokenSampler whole) {
    return (paths, draws) -> {
      TokenDraws next = new TokenDraws();
      for (int draw = 0; draw < draws.size(); draw++) {
        next.add(draws.path(draw), draws.uniform((draw + 1) % draws.size()), draws.rule(draw));
      }
      return whole.draw(paths, next);
    };
  }

  static class OptimizerUnscaled implements EngineLaws {
    @Override
    public CausalLm open(Weights weights) {
      return new BrokenEngine(vector(weights)) {
        @Override
        public Optimizer optimizer(Weights trained, AdamW.Settings settings) {
          return unscaled(super.optimizer(trained, settings));
        }
      };
    }
  }

  private static Optimizer unscaled(Optimizer whole) {
    return new Optimizer() {
      @Override
      public double gradientNorm() {
        return whole.gradientNorm();
      }

      @Override
      public void step(double learningRate, float gradientScale) {
        whole.step(learningRate, 1);
      }

      @Override
      public long steps() {
        return whole.steps();
      }

      @Override
      public Map<String, float[]> state() {
        return whole.state();
      }

      @Override
      public void restore(long stepsDone, Map<String, float[]> saved) {
        whole.restore(stepsDone, saved);
      }
    };
  }
}
