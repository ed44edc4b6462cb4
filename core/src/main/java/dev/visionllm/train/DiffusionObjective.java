package dev.visionllm.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Stage 0 of picture decoders that have no pretrained weights: they draw captions, or edit as told,
 * that their own text encoder reads and that now and then are empty. It needs no language model,
 * and an autoencoder that has learnt. Ours; the released model starts from Stable Diffusion 1.5 and
 * InstructPix2Pix.
 */
final class DiffusionObjective implements Objective<List<Painting>> {
  private final List<PaintingSource> sources;
  private final List<PaintingLearner<?>> learners;

  DiffusionObjective(List<PaintingSource> sources, List<PaintingLearner<?>> learners) {
    this.sources = sources;
    this.learners = List.copyOf(learners);
  }

  @Override
  public List<Mixture.Part> data() {
    return sources.stream().map(SampleSource::part).toList();
  }

  @Override
  public List<String> parts() {
    List<String> parts = new ArrayList<>();
    learners.forEach(l -> parts.add(l.part()));
    return parts;
  }

  @Override
  public List<Painting> load(List<Mixture.Item> items, RandomGenerator random) {
    return items.stream().map(i -> sources.get(i.source()).painting(i.index())).toList();
  }

  @Override
  public Losses losses(List<Painting> batch, RandomGenerator random) {
    Map<String, Tensor> losses = new LinkedHashMap<>();
    learners.forEach(l -> judge(l, batch, losses));
    return new Losses(losses);
  }

  private static <T extends Painting> void judge(
      PaintingLearner<T> learner, List<Painting> batch, Map<String, Tensor> losses) {
    List<T> mine =
        batch.stream().filter(learner.target()::isInstance).map(learner.target()::cast).toList();
    if (!mine.isEmpty()) {
      losses.put(learner.part(), learner.textLoss(mine));
    }
  }

  @Override
  public void close() {
    sources.forEach(SampleSource::close);
  }
}
