package dev.visionllm.train;

import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.Multimodal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Stage 0 of a detector that has no pretrained weights: it finds named classes, of which it is told
 * by fixed codes of the names, with some noise, in the place of super-link states. It needs no
 * language model. Ours; the paper starts from a published detector.
 */
final class CodesObjective implements Objective<List<ObjectSamples.Asked>> {
  private static final double NOISE = 0.3;

  private final List<ObjectSamples> sources;
  private final DetectionLearner learner;
  private final Multimodal.Config sizes;

  CodesObjective(List<ObjectSamples> sources, DetectionLearner learner, Multimodal.Config sizes) {
    this.sources = sources;
    this.learner = learner;
    this.sizes = sizes;
  }

  @Override
  public List<Mixture.Part> data() {
    return sources.stream().map(ObjectSamples::part).toList();
  }

  @Override
  public List<String> parts() {
    return List.of("detection");
  }

  @Override
  public List<ObjectSamples.Asked> load(List<Mixture.Item> items, RandomGenerator random) {
    List<ObjectSamples.Asked> out = new ArrayList<>();
    for (Mixture.Item item : items) {
      boolean flip = random.nextBoolean();
      out.add(sources.get(item.source()).asked(item.index(), random, flip));
    }
    return out;
  }

  @Override
  public Losses losses(List<ObjectSamples.Asked> batch, RandomGenerator random) {
    int most = batch.stream().mapToInt(a -> a.names().size()).max().orElseThrow();
    List<Objects> objects = batch.stream().map(ObjectSamples.Asked::objects).toList();
    Tensor loss = learner.loss(objects, codes(batch, most, random), random);
    return new Losses(Map.of("detection", loss));
  }

  /** Codes of the names, (b, most, q, l). */
  private Tensor codes(List<ObjectSamples.Asked> batch, int most, RandomGenerator random) {
    int q = sizes.states();
    int l = sizes.llm().hidden();
    float[] text = new float[batch.size() * most * q * l];
    for (int i = 0; i < batch.size(); i++) {
      List<String> names = batch.get(i).names();
      for (int k = 0; k < names.size(); k++) {
        float[] code = LinkCodes.of(names.get(k), q, l);
        for (int j = 0; j < code.length; j++) {
          text[(i * most + k) * q * l + j] = code[j] + (float) (NOISE * random.nextGaussian());
        }
      }
    }
    return Tensors.of(text, batch.size(), most, q, l);
  }
}
