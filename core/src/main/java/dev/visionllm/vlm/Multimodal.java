package dev.visionllm.vlm;

import dev.visionllm.link.Slot;
import dev.visionllm.link.SuperLink;
import dev.visionllm.link.Tool;
import dev.visionllm.model.bridge.VlBridge;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.region.RegionEncoder;
import dev.visionllm.nn.F;
import dev.visionllm.nn.ImageEncoder;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;

/**
 * Everything up to the language model: image encoder, bridge, region encoder, super-link queries
 * (paper 3.1, 3.2; reference VisionLLMv2Model.forward).
 *
 * <p>Shapes: b rows, t tokens of the longest row, d hidden size of the language model.
 */
public final class Multimodal {
  /**
   * Sizes and choices.
   *
   * @param vision image encoder: CLIP or InternViT
   * @param bridge type of the projection: linear, mlpNx_gelu or internvl_mlp
   * @param pixelShuffle whether 2 x 2 patches are merged into one token before the bridge
   * @param outputLayer level of the image encoder that the bridge reads, negative from the end
   * @param regionHidden inner channels of the region encoder, 0 for none
   * @param queries super-link queries per perception tool; 0 to hand over the routing token's own
   *     state instead
   * @param sharedQueries whether all perception tools have the same queries
   * @param generationQueries super-link queries per generation tool
   */
  public record Config(
      ImageEncoder.Config vision,
      String bridge,
      boolean pixelShuffle,
      int outputLayer,
      int regionHidden,
      Llama.Config llm,
      int queries,
      boolean sharedQueries,
      int generationQueries) {
    /** Refuses numbers of queries that have no tokens. */
    public Config {
      if (queries < 0 || queries > 8 || generationQueries < 1) {
        throw new IllegalArgumentException(
            "num_embs is "
                + queries
                + ", should be 0 to 8; num_embs_gen is "
                + generationQueries
                + ", should be at least 1");
      }
      if (outputLayer >= 0 || -outputLayer > vision.layers() + 1) {
        throw new IllegalArgumentException(
            "vis_output_layer is " + outputLayer + ", should be -1 to -" + (vision.layers() + 1));
      }
      if (pixelShuffle && vision.grid() % 2 != 0) {
        throw new IllegalArgumentException(
            "use_pixelshuffle merges 2 x 2 patches, the image encoder's grid of "
                + vision.grid()
                + " patches a side is odd");
      }
      if (regionHidden > 0 && vision.layers() < 2) {
        throw new IllegalArgumentException(
            "the region encoder reads three levels of the image encoder, which needs at least 2"
                + " layers and has "
                + vision.layers());
      }
    }

    /** Hidden states that a call of a perception tool hands to its decoder. */
    public int states() {
      return Math.max(1, queries);
    }

    /** Language-model tokens per image tile. */
    public int tokensPerTile() {
      int patches = vision.grid() * vision.grid();
      return pixelShuffle ? patches / 4 : patches;
    }
  }

  /**
   * A batch ready for the language model.
   *
   * @param embeddings (b, t, d), padded on the right
   * @param lengths tokens per row
   * @param ids laid token ids per row
   * @param slots tool calls of all rows
   */
  public record Embedded(Tensor embeddings, int[] lengths, List<int[]> ids, List<Slot> slots) {}

  private final Config config;
  private final ImageEncoder vis_encoder;
  private final Llama llm;
  private final RegionEncoder region_encoder; // or null
  private final VlBridge vl_bridge;
  private final SuperLink links;
  private final int patchId;
  private final int regionId;

  /**
   * @param p cursor at the checkpoint's root
   * @param idOf token ids by name, such as {@code <im_patch>} and {@code [DET]}
   */
  public Multimodal(Params p, Config c, ToIntFunction<String> idOf) {
    config = c;
    vis_encoder = c.vision().build(p.at("vis_encoder"));
    llm = new Llama(p.at("llm"), c.llm());
    region_encoder =
        c.regionHidden() == 0
            ? null
            : new RegionEncoder(
                p.at("region_encoder"),
                new RegionEncoder.Config(
                    c.regionHidden(),
                    c.vision().hidden(),
                    c.llm().hidden(),
                    c.vision().patch(),
                    RegionEncoder.Config.RELEASED_7B.points()));
    vl_bridge =
        new VlBridge(
            p.at("vl_bridge"),
            VlBridge.Config.of(
                c.bridge(), c.vision().hidden(), c.llm().hidden(), c.pixelShuffle()));
    patchId = idOf.applyAsInt("<im_patch>");
    regionId = idOf.applyAsInt("<region>");
    int[] perception =
        IntStream.rangeClosed(1, c.queries())
            .map(i -> idOf.applyAsInt(i == 1 ? "[EMB]" : "[EMB" + i + "]"))
            .toArray();
    int[] generation = new int[c.generationQueries()];
    Arrays.fill(generation, idOf.applyAsInt("[EMB]"));
    int d = c.llm().hidden();
    Tool det = Tool.of(p, "det", routing(idOf, "[DET]", "[GRD]", "[SEG]"), perception, d);
    Map<Integer, String> pose = routing(idOf, "[POSE]");
    links =
        new SuperLink(
            List.of(
                det,
                c.sharedQueries()
                    ? det.sharing("pose", pose)
                    : Tool.of(p, "pose", pose, perception, d),
                Tool.of(p, "gen", routing(idOf, "[GEN]"), generation, d),
                Tool.of(p, "edit", routing(idOf, "[EDIT]"), generation, d)));
  }

  private static Map<Integer, String> routing(ToIntFunction<String> idOf, String... names) {
    Map<Integer, String> out = new LinkedHashMap<>();
    for (String name : names) {
      out.put(idOf.applyAsInt(name), name);
    }
    return out;
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** The language model. */
  public Llama llm() {
    return llm;
  }

  /** The image encoder. */
  public ImageEncoder vision() {
    return vis_encoder;
  }

  /** Where it computes. */
  Device device() {
    return llm.head().device();
  }

  /** The super-link. */
  public SuperLink links() {
    return links;
  }

  /**
   * Embeds rows: token embeddings with image features, region features and super-link queries in
   * their places.
   *
   * @param rows at least one
   * @param random draws the points of regions larger than the region encoder reads
   * @throws IllegalArgumentException if a row's placeholders and pictures or regions disagree
   */
  public Embedded embed(List<Inputs> rows, RandomGenerator random) {
    List<int[]> ids = rows.stream().map(r -> links.lay(r.ids())).toList();
    int[] lengths = ids.stream().mapToInt(r -> r.length).toArray();
    int t = Arrays.stream(lengths).max().orElseThrow();
    if (t > config.llm().context()) {
      throw new IllegalArgumentException(
          "the prompt has "
              + t
              + " tokens, the model's context holds "
              + config.llm().context()
              + ": shorten the text or give fewer pictures or classes");
    }
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      slots.addAll(links.slots(i, ids.get(i)));
    }
    Tensor x =
        TensorScope.of(
            () ->
                spliceImages(links.splice(llm.embed(idTensor(ids, t)), slots), rows, ids, random));
    return new Embedded(x, lengths, ids, slots);
  }

  private Tensor spliceImages(
      Tensor x, List<Inputs> rows, List<int[]> ids, RandomGenerator random) {
    int t = (int) x.size(1);
    long[] patches = positions(ids, patchId, t);
    long[] regions = positions(ids, regionId, t);
    List<Inputs.Picture> pictures = new ArrayList<>();
    List<Integer> lastTile = new ArrayList<>(); // of each region
    List<float[]> masks = new ArrayList<>();
    int tiles = 0;
    for (int i = 0; i < rows.size(); i++) {
      Inputs row = rows.get(i);
      if (count(ids.get(i), regionId) != row.regions().size()) {
        throw new IllegalArgumentException(
            "row "
                + i
                + " has "
                + count(ids.get(i), regionId)
                + " <region> tokens and "
                + row.regions().size()
                + " regions");
      }
      long expected = count(ids.get(i), patchId);
      if (expected == 0 && row.regions().isEmpty()) {
        continue; // a picture that the row never mentions, as in generation without input image
      }
      long given =
          row.images().stream().mapToLong(p -> (long) p.tiles() * config.tokensPerTile()).sum();
      if (expected != given) {
        throw new IllegalArgumentException(
            "row "
                + i
                + " has "
                + expected
                + " <im_patch> tokens, its pictures give "
                + given
                + " features");
      }
      int[] last = new int[row.images().size()];
      for (int k = 0; k < last.length; k++) {
        pictures.add(checked(row.images().get(k)));
        tiles += row.images().get(k).tiles();
        last[k] = tiles - 1;
      }
      for (Inputs.Region r : row.regions()) {
        check(r, row);
        lastTile.add(last[r.image()]);
        masks.add(r.mask());
      }
    }
    if (pictures.isEmpty()) {
      return x;
    }
    Tensor pixels = pixels(pictures, tiles).to(x.device(), x.scalar_type());
    List<Tensor> levels = vis_encoder.forward(pixels);
    Tensor out = SuperLink.put(x, patches, imageTokens(levels).reshape(-1, x.size(2)));
    if (masks.isEmpty()) {
      return out;
    }
    return SuperLink.put(out, regions, regionTokens(pixels, levels, lastTile, masks, random));
  }

  private Inputs.Picture checked(Inputs.Picture p) {
    if (p.size() != config.vision().size()) {
      throw new IllegalArgumentException(
          "a picture's tiles are "
              + p.size()
              + " pixels a side, the image encoder reads "
              + config.vision().size());
    }
    return p;
  }

  private void check(Inputs.Region r, Inputs row) {
    int pixels = config.vision().size() * config.vision().size();
    if (r.image() < 0 || r.image() >= row.images().size() || r.mask().length != pixels) {
      throw new IllegalArgumentException(
          "a region is on picture "
              + r.image()
              + " of "
              + row.images().size()
              + " with a mask of "
              + r.mask().length
              + " pixels, should have "
              + pixels);
    }
  }

  /**
   * What the language model reads of tiles.
   *
   * @param levels of the image encoder, each (tiles, 1 + g^2, v)
   * @return (tiles, n, d)
   */
  public Tensor imageTokens(List<Tensor> levels) {
    return vl_bridge.forward(
        ImageEncoder.patches(levels.get(levels.size() + config.outputLayer())));
  }

  /**
   * What the language model reads of regions.
   *
   * @param pixels (tiles, 3, s, s)
   * @param levels of the image encoder, each (tiles, 1 + g^2, v)
   * @param tiles the tile that each region lies on
   * @param masks 0 or 1 per pixel of the tile, one per region
   * @param random draws the points of large regions
   * @return (regions, d)
   * @throws IllegalArgumentException if the model has no region encoder
   */
  public Tensor regionTokens(
      Tensor pixels,
      List<Tensor> levels,
      List<Integer> tiles,
      List<float[]> masks,
      RandomGenerator random) {
    if (region_encoder == null) {
      throw new IllegalArgumentException("this model has no region encoder: ask without regions");
    }
    int n = masks.size();
    int size = config.vision().size();
    float[] joined = new float[n * size * size];
    for (int i = 0; i < n; i++) {
      System.arraycopy(masks.get(i), 0, joined, i * size * size, size * size);
    }
    Tensor mask = Tensors.of(joined, n, 1, size, size).to(pixels.device(), pixels.scalar_type());
    long[] at = tiles.stream().mapToLong(Integer::longValue).toArray();
    Tensor tile = Tensors.of(at, n);
    tile = tile.to(pixels.device(), tile.scalar_type());
    List<Tensor> three = new ArrayList<>();
    for (Tensor level : levels.subList(levels.size() - 3, levels.size())) {
      three.add(ImageEncoder.patches(level).index_select(0, tile));
    }
    return region_encoder.forward(pixels.index_select(0, tile), mask, three, random);
  }

  private static Tensor pixels(List<Inputs.Picture> pictures, int tiles) {
    int size = pictures.get(0).size();
    float[] all = new float[tiles * 3 * size * size];
    int at = 0;
    for (Inputs.Picture p : pictures) {
      System.arraycopy(p.pixels(), 0, all, at, p.pixels().length);
      at += p.pixels().length;
    }
    return Tensors.of(all, tiles, 3, size, size);
  }

  private Tensor idTensor(List<int[]> ids, int t) {
    long[] out = new long[ids.size() * t];
    for (int i = 0; i < ids.size(); i++) {
      for (int j = 0; j < ids.get(i).length; j++) {
        out[i * t + j] = ids.get(i)[j];
      }
    }
    Tensor tensor = Tensors.of(out, ids.size(), t);
    return tensor.to(device(), tensor.scalar_type());
  }

  private static long[] positions(List<int[]> ids, int id, int t) {
    return IntStream.range(0, ids.size())
        .boxed()
        .flatMapToLong(
            i ->
                IntStream.range(0, ids.get(i).length)
                    .filter(j -> ids.get(i)[j] == id)
                    .mapToLong(j -> (long) i * t + j))
        .toArray();
  }

  private static long count(int[] ids, int id) {
    return Arrays.stream(ids).filter(i -> i == id).count();
  }

  /** Features of one row's tokens, in order: (n, d) of {@code hidden} (b, t, d). */
  static Tensor row(Tensor hidden, int row, int from, int to) {
    return F.slice(hidden.select(0, row), 0, from, to);
  }
}
