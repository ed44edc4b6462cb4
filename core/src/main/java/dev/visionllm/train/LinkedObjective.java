package dev.visionllm.train;

import dev.visionllm.data.Problems;
import dev.visionllm.link.Route;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.Chain;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.Labels;
import dev.visionllm.vlm.Inputs;
import dev.visionllm.vlm.Multimodal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Next-token loss on the assistant's words (paper 3.3), super-link positions ignored; and for the
 * tools that the answers call their decoder's loss, which flows through the super-link into the
 * language model (paper 3.2). Rows of different tasks may share a batch: the tokens decide. While a
 * detector or pose decoder is trained apart, the states of its calls in rows without a target are
 * pulled towards the codes of what they stand for.
 */
final class LinkedObjective implements Objective<List<Sample>> {
  /**
   * Weight of a place's waves beside the pull towards the whole code: there they are 17 directions
   * of hundreds, and places were not learnt.
   */
  private static final double PLACE = 10;

  private static final Set<String> CODED = Set.of("det", "pose"); // tools that CodesObjective knows

  private final List<SampleSource> sources;
  private final Multimodal model;
  private final List<ToolLearner<?>> learners;
  private final double link;
  private final boolean recompute;
  private final Problems problems;

  /**
   * @param learners of the tools that the sources call, each for other targets
   * @param recompute whether the language model's blocks are run again on the way back
   * @param problems what becomes of broken samples
   * @param link weight of the pull towards the codes, 0 for none
   */
  LinkedObjective(
      List<SampleSource> sources,
      Multimodal model,
      List<ToolLearner<?>> learners,
      double link,
      boolean recompute,
      Problems problems) {
    this.sources = sources;
    this.model = model;
    this.learners = List.copyOf(learners);
    this.link = link;
    this.recompute = recompute;
    this.problems = problems;
  }

  @Override
  public List<Mixture.Part> data() {
    return sources.stream().map(SampleSource::part).toList();
  }

  @Override
  public List<String> parts() {
    List<String> parts = new ArrayList<>(List.of("language", "link", "place"));
    learners.forEach(l -> parts.add(l.part()));
    return parts;
  }

  @Override
  public List<Sample> load(List<Mixture.Item> items, RandomGenerator random) {
    List<Sample> rows = new ArrayList<>();
    for (Mixture.Item item : items) {
      rows.add(usable(sources.get(item.source()), item.index(), random));
    }
    return rows;
  }

  /** A sample, or where broken ones are skipped the next that can be used. */
  private Sample usable(SampleSource source, int index, RandomGenerator random) {
    Sample[] got = new Sample[1];
    for (int i = 0; i < source.size(); i++) {
      int at = (index + i) % source.size();
      if (problems.take(source.file(at), source.at(at), () -> got[0] = source.sample(at, random))) {
        return got[0];
      }
    }
    throw new RunFailed("not one sample of a source can be used: run \"data check\" on it", null);
  }

  @Override
  public Losses losses(List<Sample> samples, RandomGenerator random) {
    List<Packer.Row> rows = samples.stream().map(Sample::row).toList();
    List<Inputs> inputs = rows.stream().map(Packer.Row::inputs).toList();
    Multimodal.Embedded e = model.embed(inputs, random);
    int t = (int) e.embeddings().size(1);
    int[][] segments = rows.stream().map(r -> wide(r.segments(), t, -1)).toArray(int[][]::new);
    Chain chain =
        model
            .llm()
            .train(
                e.embeddings(),
                Masks.segmentPositions(segments),
                Masks.segments(segments),
                recompute);
    Tensor hidden = chain.output();
    Map<String, Tensor> losses = new LinkedHashMap<>();
    losses.put("language", LanguageLoss.ofHidden(hidden, model.llm().head(), labels(rows, t)));
    List<Route> routes = model.links().collect(hidden, e.slots());
    List<Route> free =
        routes.stream()
            .filter(r -> samples.get(r.row()).target() == null && CODED.contains(r.tool().name()))
            .toList();
    if (link > 0) {
      pull(rows, free, losses);
    }
    List<ToolTarget> targets = samples.stream().map(Sample::target).toList();
    for (ToolLearner<?> learner : learners) {
      learner
          .judge(targets, row -> states(routes, row), random)
          .ifPresent(loss -> losses.put(learner.part(), loss));
    }
    return new Losses(losses, chain);
  }

  @Override
  public void close() {
    sources.forEach(SampleSource::close);
  }

  private static Tensor labels(List<Packer.Row> rows, int t) {
    long[] labels = new long[rows.size() * t];
    for (int i = 0; i < rows.size(); i++) {
      int[] wide = wide(rows.get(i).labels(), t, Labels.IGNORE);
      for (int j = 0; j < t; j++) {
        labels[i * t + j] = wide[j];
      }
    }
    return Tensors.of(labels, rows.size(), t);
  }

  private static Map<String, Tensor> states(List<Route> routes, int row) {
    return routes.stream()
        .filter(r -> r.row() == row)
        .collect(Collectors.toMap(r -> r.tool().name(), Route::queries));
  }

  /** How far states are from the codes of what they stand for, where calls have one. */
  private void pull(List<Packer.Row> rows, List<Route> routes, Map<String, Tensor> losses) {
    List<Tensor> states = new ArrayList<>();
    List<Meaning> meanings = new ArrayList<>();
    int q = model.config().states();
    int d = model.config().llm().hidden();
    for (Route r : routes) {
      List<Packer.Call> calls =
          rows.get(r.row()).calls().stream()
              .filter(c -> r.tool().routing().containsValue(c.token()))
              .toList();
      if (calls.size() != r.slots().size()) {
        throw new IllegalArgumentException(
            "row " + r.row() + " calls " + r.slots().size() + " tools but names " + calls);
      }
      for (int i = 0; i < calls.size(); i++) {
        Meaning meaning = calls.get(i).meaning();
        if (meaning != null) {
          states.add(r.queries().narrow(0, i, 1));
          meanings.add(meaning);
        }
      }
    }
    if (meanings.isEmpty()) {
      return;
    }
    Tensor codes = Tensors.of(LinkCodes.of(meanings, q, d), meanings.size(), q * d);
    Tensor off = F.cat(0, states).flatten(1, 2).sub(codes);
    losses.put("link", F.scale(off.square().mean(), link));
    long[] located =
        IntStream.range(0, meanings.size())
            .filter(i -> meanings.get(i).place() != null)
            .asLongStream()
            .toArray();
    if (located.length > 0) {
      Tensor places = off.index_select(0, Tensors.of(located, located.length));
      Tensor waves = places.matmul(LinkCodes.waves(q * d));
      losses.put("place", F.scale(waves.square().mean(), PLACE * link));
    }
  }

  private static int[] wide(int[] row, int t, int fill) {
    int[] out = Arrays.copyOf(row, t);
    Arrays.fill(out, row.length, t, fill);
    return out;
  }
}
