package org.treepo4j.laws;

import net.jqwik.api.Group;
import org.treepo4j.base.settings.Settings;
import org.treepo4j.rl.loss.Aggregation;
import org.treepo4j.rl.loss.LossNormalizer;
import org.treepo4j.rl.loss.LossResult;
import org.treepo4j.rl.loss.LossSettings;
import org.treepo4j.rl.loss.LossSettings.KlPlacement;
import org.treepo4j.rl.loss.LossSettings.PolicyForm;
import org.treepo4j.rl.loss.RolloutCorrection;
import org.treepo4j.rl.loss.TreeObjective;

/** The laws on every form of our loss. */
class LossesTest {

  /** A loss by its settings. */
  interface OfSettings extends LossLaws {
    Settings<LossSettings> settings();

    @Override
    default LossResult loss(ScoredTrees part, LossNormalizer whole) {
      return new TreeObjective(settings().build(), whole)
          .evaluate(part.trees(), part.logprobs(), part.entropies());
    }
  }

  @Group
  class Ppo implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class);
    }
  }

  @Group
  class PpoPerResponse implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class)
          .set("aggregation", Aggregation.SEQ_MEAN_TOKEN_MEAN)
          .set("entropyCoefficient", 0.1);
    }
  }

  @Group
  class DrGrpo implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class)
          .set("normLength", 9)
          .set("aggregation", Aggregation.SEQ_MEAN_TOKEN_SUM_NORM);
    }
  }

  @Group
  class PpoWithCorrection implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class).set("rolloutCorrection", RolloutCorrection.TRUNCATE);
    }
  }

  @Group
  class PpoWithKl implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class)
          .set("kl", KlPlacement.LOSS)
          .set("klCoefficient", 0.01)
          .set("aggregation", Aggregation.SEQ_MEAN_TOKEN_SUM);
    }
  }

  @Group
  class Cispo implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class).set("policy", PolicyForm.CISPO);
    }

    @Override
    public boolean stopsGradients() {
      return true;
    }
  }

  @Group
  class Gspo implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class).set("policy", PolicyForm.GSPO);
    }

    @Override
    public boolean tokenwise() {
      return false;
    }
  }

  @Group
  class GspoToken implements OfSettings {
    @Override
    public Settings<LossSettings> settings() {
      return Settings.of(LossSettings.class).set("policy", PolicyForm.GSPO_TOKEN);
    }

    @Override
    public boolean stopsGradients() {
      return true;
    }
  }
}
