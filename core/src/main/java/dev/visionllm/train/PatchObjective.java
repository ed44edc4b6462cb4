package dev.visionllm.train;

import dev.visionllm.data.ClassList;
import dev.visionllm.data.Dialogue;
import dev.visionllm.image.Raster;
import dev.visionllm.nn.F;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Stages 0 and 1a of a model that has no pretrained weights: the image encoder, the bridge and the
 * region encoder learn to say what is where, before a language model listens.
 *
 * <p>At the two highest levels of the encoder each patch names the class that covers most of it (or
 * nothing) and says where that object's box lies. Each token that the bridge hands to the language
 * model, and each region's, points into the direction of the class name's own word embeddings, so
 * that finding a word in a picture is a dot product from the start; a token also tells how many
 * objects of its class there are and in which place a list of the classes names it. The heads are
 * thrown away. Ours, not the paper's, which starts from CLIP.
 */
final class PatchObjective implements Objective<PatchObjective.Batch> {
  /**
   * A batch of b pictures.
   *
   * @param pixels (b, 3, s, s)
   * @param patches targets of each picture's patches
   * @param tokens targets of each picture's tokens behind the bridge
   * @param pictures of each region, the number of its picture
   * @param masks of each region, on the global tile
   * @param names of each region, its class
   * @param shown what the teacher sees of each picture; empty without a teacher
   */
  record Batch(
      float[] pixels,
      List<PatchTargets> patches,
      List<PatchTargets> tokens,
      List<Integer> pictures,
      List<float[]> masks,
      long[] names,
      List<float[]> shown) {}

  private static final double BOX_WEIGHT = 5;
  private static final int LEVELS = 2;
  private static final double SHARPNESS = 16; // logit of a token that points at a word exactly
  private static final double NOTHING = 8; // logit of pointing at no word

  private final Corpus corpus;
  private final Preprocess preprocess;
  private final Multimodal model;
  private final List<int[]> words; // token ids of each class name
  private final List<int[]> plurals; // and of its plural, whose pieces are often others
  private final List<LayerNorm> norms;
  private final List<Linear> heads;
  private final LayerNorm tokenNorm;
  private final Linear tokenHead;
  private final Teacher teacher; // or null

  /**
   * @param extra cursor for the heads, which are no part of the model
   * @param teacher a trained detector that shows the encoder what to see, or null
   */
  PatchObjective(
      Corpus corpus, Preprocess preprocess, Multimodal model, Params extra, Teacher teacher) {
    this.teacher = teacher;
    this.corpus = corpus;
    this.preprocess = preprocess;
    this.model = model;
    Tokenizer tokenizer = preprocess.tokenizer();
    words = corpus.classes().stream().map(tokenizer::encode).toList();
    ClassList nouns = ClassList.nano();
    plurals = corpus.classes().stream().map(c -> tokenizer.encode(nouns.noun(c).plural())).toList();
    int d = model.config().vision().hidden();
    int l = model.config().llm().hidden();
    norms = extra.at("norms").list(LEVELS, p -> new LayerNorm(p, d, 1e-5));
    heads = extra.at("heads").list(LEVELS, p -> new Linear(p, d, 1 + corpus.classes().size() + 4L));
    tokenNorm = new LayerNorm(extra.at("token_norm"), l, 1e-5);
    tokenHead = new Linear(extra.at("token_head"), l, 2L * (PatchTargets.MOST + 1));
  }

  @Override
  public List<Mixture.Part> data() {
    return List.of(new Mixture.Part(corpus.pictures().size(), 1, i -> 0));
  }

  @Override
  public List<String> parts() {
    return List.of(
        "class_0", "box_0", "class_1", "box_1", "teacher", "word", "plural", "count", "order",
        "region");
  }

  @Override
  public Batch load(List<Mixture.Item> items, RandomGenerator random) {
    List<Integer> numbers = items.stream().map(Mixture.Item::index).toList();
    int size = model.config().vision().size();
    int grid = model.config().vision().grid();
    int tokenGrid = model.config().pixelShuffle() ? grid / 2 : grid;
    int plane = 3 * size * size;
    float[] pixels = new float[numbers.size() * plane];
    List<PatchTargets> patches = new ArrayList<>();
    List<PatchTargets> tokens = new ArrayList<>();
    List<Integer> pictures = new ArrayList<>();
    List<float[]> masks = new ArrayList<>();
    List<Integer> names = new ArrayList<>();
    List<float[]> shown = new ArrayList<>();
    for (int i = 0; i < numbers.size(); i++) {
      Corpus.Picture p = corpus.pictures().get(numbers.get(i));
      Raster raster = Pictures.read(p);
      if (teacher != null) {
        shown.add(teacher.pixels(raster));
      }
      float[] tiles = preprocess.picture(raster).pixels(); // the global one is the last
      System.arraycopy(tiles, tiles.length - plane, pixels, i * plane, plane);
      patches.add(PatchTargets.of(p, corpus.classes(), grid));
      tokens.add(PatchTargets.of(p, corpus.classes(), tokenGrid));
      for (Dialogue d : p.dialogues()) {
        int name = d.answer() == null ? -1 : corpus.classes().indexOf(d.answer());
        if (d.regions().size() == 1 && name >= 0) {
          pictures.add(i);
          masks.add(preprocess.region(d.regions().get(0).prompt().mask(p.width(), p.height())));
          names.add(name);
        }
      }
    }
    return new Batch(
        pixels,
        patches,
        tokens,
        pictures,
        masks,
        names.stream().mapToLong(Integer::longValue).toArray(),
        shown);
  }

  @Override
  public Losses losses(Batch batch, RandomGenerator random) {
    int size = model.config().vision().size();
    Tensor pixels = Tensors.of(batch.pixels(), batch.patches().size(), 3, size, size);
    List<Tensor> levels = model.vision().forward(pixels);
    Map<String, Tensor> losses = new LinkedHashMap<>();
    patches(levels, batch.patches(), losses);
    if (teacher != null) {
      losses.put("teacher", teacher.loss(batch.shown(), levels));
    }
    Tensor words = embedded(this.words);
    tokens(model.imageTokens(levels), batch.tokens(), words, losses);
    if (!batch.masks().isEmpty()) {
      Tensor regions =
          model.regionTokens(pixels, levels, batch.pictures(), batch.masks(), random); // (r, l)
      losses.put("region", entropy(pointing(regions, words), batch.names()));
    }
    return new Losses(losses);
  }

  private void patches(
      List<Tensor> levels, List<PatchTargets> targets, Map<String, Tensor> losses) {
    long[] classes = joined(targets, PatchTargets::classes);
    int named = 1 + corpus.classes().size();
    Tensor covered = covered(classes);
    float[] boxes = new float[classes.length * 4];
    int at = 0;
    for (PatchTargets t : targets) {
      System.arraycopy(t.boxes(), 0, boxes, at, t.boxes().length);
      at += t.boxes().length;
    }
    Tensor box = Tensors.of(boxes, classes.length, 4);
    for (int k = 0; k < LEVELS; k++) {
      Tensor x = ImageEncoder.patches(levels.get(levels.size() - 1 - k));
      Tensor out = heads.get(k).forward(norms.get(k).forward(x)).flatten(0, 1);
      losses.put("class_" + k, entropy(F.slice(out, 1, 0, named), classes));
      if (covered.size(0) > 0) {
        Tensor off =
            F.slice(out, 1, named, named + 4).sub(box).index_select(0, covered).abs().mean();
        losses.put("box_" + k, F.scale(off, BOX_WEIGHT));
      }
    }
  }

  private void tokens(
      Tensor tokens, List<PatchTargets> targets, Tensor words, Map<String, Tensor> losses) {
    long[] classes = joined(targets, PatchTargets::classes);
    Tensor flat = tokens.flatten(0, 1); // (b * n, l)
    Tensor nothing = torch.full(new long[] {flat.size(0), 1}, new Scalar(NOTHING));
    losses.put("word", entropy(F.cat(1, nothing, pointing(flat, words)), classes));
    Tensor plural = pointing(flat, embedded(plurals));
    losses.put("plural", entropy(F.cat(1, nothing, plural), classes));
    int kinds = PatchTargets.MOST + 1;
    Tensor out = tokenHead.forward(tokenNorm.forward(flat));
    losses.put("count", entropy(F.slice(out, 1, 0, kinds), joined(targets, PatchTargets::counts)));
    losses.put(
        "order",
        entropy(F.slice(out, 1, kinds, 2L * kinds), joined(targets, PatchTargets::orders)));
  }

  /** How well each of x (n, l) points at each class name's words (c, l): logits (n, c). */
  private static Tensor pointing(Tensor x, Tensor words) {
    return F.scale(torch.matmul(unit(x), unit(words).transpose(0, 1)), SHARPNESS);
  }

  /** Rows of length 1: (n, d) -> (n, d). */
  static Tensor unit(Tensor x) {
    Tensor length = F.sum(x.square(), 1).add(new Scalar(1e-6)).sqrt();
    return x.div(length.unsqueeze(1));
  }

  /** Mean word embedding of each name, (c, l). */
  private Tensor embedded(List<int[]> names) {
    List<Tensor> rows = new ArrayList<>();
    for (int[] ids : names) {
      long[] wide = IntStream.of(ids).asLongStream().toArray();
      rows.add(F.mean(model.llm().embed(Tensors.of(wide, wide.length)), 0));
    }
    return F.stack(0, rows).detach();
  }

  private static Tensor entropy(Tensor logits, long[] labels) {
    return torch.cross_entropy_loss(logits.to(ScalarType.Float), Tensors.of(labels, labels.length));
  }

  private static Tensor covered(long[] classes) {
    long[] at =
        IntStream.range(0, classes.length).filter(i -> classes[i] > 0).asLongStream().toArray();
    return Tensors.of(at, at.length);
  }

  private static long[] joined(
      List<PatchTargets> targets, java.util.function.Function<PatchTargets, long[]> of) {
    return targets.stream().map(of).flatMapToLong(java.util.Arrays::stream).toArray();
  }
}
