package dev.visionllm.train;

import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.Multimodal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Stage 0 of decoders of objects and poses that have no pretrained weights: they are told what to
 * look for by fixed codes of the names, with some noise, in the place of super-link states. It
 * needs no language model. Ours; the paper starts from published decoders.
 */
final class CodesObjective implements Objective<List<CodedSource.Coded>> {
  private static final double NOISE = 0.3;

  private final List<CodedSource> sources;
  private final List<ToolLearner<?>> learners;
  private final Multimodal.Config sizes;

  CodesObjective(
      List<CodedSource> sources, List<ToolLearner<?>> learners, Multimodal.Config sizes) {
    this.sources = sources;
    this.learners = learners;
    this.sizes = sizes;
  }

  @Override
  public List<Mixture.Part> data() {
    return sources.stream().map(CodedSource::part).toList();
  }

  @Override
  public List<String> parts() {
    return learners.stream().map(ToolLearner::part).toList();
  }

  @Override
  public List<CodedSource.Coded> load(List<Mixture.Item> items, RandomGenerator random) {
    return items.stream().map(i -> sources.get(i.source()).coded(i.index(), random)).toList();
  }

  @Override
  public Losses losses(List<CodedSource.Coded> batch, RandomGenerator random) {
    Map<String, Tensor> losses = new LinkedHashMap<>();
    List<ToolTarget> targets = batch.stream().map(CodedSource.Coded::target).toList();
    for (ToolLearner<?> learner : learners) {
      learner
          .judge(targets, row -> states(batch.get(row).calls(), random), random)
          .ifPresent(loss -> losses.put(learner.part(), loss));
    }
    return new Losses(losses);
  }

  private Map<String, Tensor> states(Map<String, List<Meaning>> calls, RandomGenerator random) {
    Map<String, Tensor> states = new TreeMap<>();
    new TreeMap<>(calls) // in an order, since the noise is
        .forEach((tool, meanings) -> states.put(tool, codes(meanings, random)));
    return states;
  }

  /** Codes of what is meant, (n, q, l). */
  private Tensor codes(List<Meaning> meanings, RandomGenerator random) {
    int q = sizes.states();
    int l = sizes.llm().hidden();
    float[] all = LinkCodes.of(meanings.stream().map(m -> m.byEye(random)).toList(), q, l);
    for (int i = 0; i < all.length; i++) {
      all[i] += (float) (NOISE * random.nextGaussian());
    }
    return Tensors.of(all, meanings.size(), q, l);
  }
}
