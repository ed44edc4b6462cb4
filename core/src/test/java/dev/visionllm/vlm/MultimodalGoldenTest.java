package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.link.Route;
import dev.visionllm.link.Tool;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The multimodal model against the reference. Padding is compared nowhere: the reference computes
 * states there too, and nobody reads them.
 */
class MultimodalGoldenTest {
  private static final double ATOL = 1e-4;

  /** A folder's model, and what the checks need to feed it. */
  record Fixture(Golden g, VisionLlmConfig config, Multimodal model) {
    static Fixture of(Golden g, Params p) {
      VisionLlmConfig config = settings(g);
      JsonNode ids = g.meta().get("special_tokens");
      return new Fixture(
          g, config, new Multimodal(p, config.multimodal(), name -> ids.get(name).asInt()));
    }

    int id(String token) {
      return g.meta().get("special_tokens").get(token).asInt();
    }

    Multimodal.Embedded embed(List<Inputs> rows) {
      return model.embed(rows, new SplittableRandom(0));
    }

    Multimodal.Embedded check(String name, List<Inputs> rows) {
      Multimodal.Embedded e = embed(rows);
      same(name + ".inputs_embeds_to_llm", e.embeddings(), e.lengths());
      return e;
    }

    /** Last hidden states, (b, t, d). */
    Tensor forward(Multimodal.Embedded e) {
      int t = (int) e.embeddings().size(1);
      boolean[][] valid = Masks.right(e.lengths(), t);
      return model
          .llm()
          .forward(e.embeddings(), Masks.positions(valid, t), Masks.padded(valid, t), null);
    }

    /** Compares the tokens of each row, not its padding. */
    void same(String name, Tensor actual, int[] lengths) {
      Golden.check(g.name(), name, flat(g.io(name), lengths), flat(actual, lengths), ATOL);
    }

    private static Tensor flat(Tensor x, int[] lengths) {
      return F.cat(
          0,
          IntStream.range(0, lengths.length)
              .mapToObj(i -> Multimodal.row(x, i, 0, lengths[i]))
              .toList());
    }

    /** Rows of ids without their padding. */
    List<int[]> ids(String name) {
      Tensor tensor = g.io(name);
      long[] all = Tensors.longs(tensor);
      int t = (int) tensor.size(1);
      List<int[]> rows = new ArrayList<>();
      for (int i = 0; i < tensor.size(0); i++) {
        int end = (i + 1) * t;
        while (all[end - 1] == id("<unk>")) {
          end--;
        }
        rows.add(Arrays.stream(all, i * t, end).mapToInt(Math::toIntExact).toArray());
      }
      return rows;
    }

    /** The folder's rows with a picture each. */
    List<Inputs> rows() {
      List<int[]> ids = ids("input_ids");
      return IntStream.range(0, ids.size())
          .mapToObj(i -> new Inputs(ids.get(i), List.of(picture(g.io("images." + i))), List.of()))
          .toList();
    }

    /** The ids without the placeholders of super-link queries. */
    int[] bare(int[] ids) {
      List<Integer> placeholders = new ArrayList<>();
      for (Tool tool : model.links().tools()) {
        Arrays.stream(tool.placeholders()).forEach(placeholders::add);
      }
      return Arrays.stream(ids).filter(i -> !placeholders.contains(i)).toArray();
    }

    Inputs.Picture picture(Tensor tiles) {
      return new Inputs.Picture(
          (int) tiles.size(0), (int) tiles.size(2), Tensors.floats(tiles.contiguous()));
    }

    Inputs.Region region(int image, Tensor mask) {
      return new Inputs.Region(image, Tensors.floats(mask.contiguous()));
    }
  }

  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(
        Golden.Kind.MLLM,
        g -> {
          try (Params p = g.weights()) {
            Fixture f = Fixture.of(g, p);
            train(f);
            insertOne(f);
            insertTwo(f);
            severalPictures(f);
            generationQueries(f);
            onePicturePerRow(f);
            decode(f);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> detectorSeesWhatTheReferenceSees() {
    return Golden.tests(
        Golden.Kind.MLLM_DET,
        g -> {
          try (Params p = g.weights()) {
            detector(Fixture.of(g, p), p);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> posesSeeWhatTheReferenceSees() {
    return Golden.tests(
        Golden.Kind.MLLM_POSE,
        g -> {
          try (Params p = g.weights()) {
            poses(Fixture.of(g, p));
          }
        });
  }

  /** Classes by [DET] and keypoints by [POSE] in the same row; model.unipose takes it from here. */
  private static void poses(Fixture f) {
    Golden g = f.g();
    Multimodal.Embedded e = f.embed(f.rows());
    Tensor hidden = f.forward(e);
    f.same("llm_logits", f.model().llm().logits(hidden), e.lengths());
    List<Route> routes = f.model().links().collect(hidden, e.slots());
    for (String[] kind : new String[][] {{"det", "obj"}, {"pose", "kpt"}}) {
      List<Route> mine = routes.stream().filter(r -> r.tool().name().equals(kind[0])).toList();
      assertThat(mine.stream().map(Route::row)).containsExactly(0, 1);
      long most = g.io(kind[1] + "_querys_valid").size(1);
      g.check(
          kind[1] + "_querys_valid",
          F.stack(0, mine.stream().map(r -> F.padRows(r.queries(), most)).toList()),
          ATOL);
      boolean[] mask = Tensors.booleans(g.io(kind[1] + "_query_masks"));
      for (Route r : mine) {
        int from = r.row() * mask.length / mine.size();
        for (int i = from; i < from + mask.length / mine.size(); i++) {
          assertThat(mask[i]).isEqualTo(i - from < r.slots().size());
        }
      }
    }
  }

  private static void train(Fixture f) {
    Golden g = f.g();
    List<int[]> ids = f.ids("train.input_ids");
    List<Inputs> rows = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      List<Inputs.Region> regions = new ArrayList<>();
      Tensor masks = g.io("train.regions." + i);
      for (int k = 0; k < masks.size(0); k++) {
        regions.add(f.region(0, masks.select(0, k)));
      }
      rows.add(new Inputs(ids.get(i), List.of(f.picture(g.io("train.images." + i))), regions));
    }
    Multimodal.Embedded e = f.check("train", rows);
    List<Tensor> regions = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      for (int k = 0; k < ids.get(i).length; k++) {
        if (ids.get(i)[k] == f.id("<region>")) {
          regions.add(Multimodal.row(e.embeddings(), i, k, k + 1));
        }
      }
    }
    g.check("train.region_embeddings", F.cat(0, regions), ATOL);
    Tensor hidden = f.forward(e);
    f.same("train.hidden_states." + f.model().llm().config().layers(), hidden, e.lengths());
    Tensor logits = f.model().llm().logits(hidden);
    f.same("train.logits", logits, e.lengths());
    losses(f, "train", logits);
    queries(f, "train.", hidden, e);

    // the same rows without placeholders, and each row alone
    List<Inputs> bare =
        rows.stream().map(r -> new Inputs(f.bare(r.ids()), r.images(), r.regions())).toList();
    Golden.check(
        g.name(), "train, inserted = replaced", e.embeddings(), f.embed(bare).embeddings(), 0);
    for (int i = 0; i < rows.size(); i++) {
      Multimodal.Embedded alone = f.embed(List.of(rows.get(i)));
      int n = e.lengths()[i];
      Golden.check(
          g.name(),
          "train, row " + i + " alone = in the batch",
          Multimodal.row(hidden, i, 0, n),
          f.forward(alone).select(0, 0),
          ATOL);
    }
  }

  private static void losses(Fixture f, String name, Tensor logits) {
    Golden g = f.g();
    long[] placeholders =
        f.model().links().tools().stream()
            .flatMapToInt(t -> Arrays.stream(t.placeholders()))
            .distinct()
            .asLongStream()
            .toArray();
    Tensor labels = LanguageLoss.ignoring(g.io(name + ".labels"), placeholders);
    assertThat(Tensors.longs(labels))
        .isEqualTo(Tensors.longs(g.io(name + ".labels_after_emb_ignored")));
    g.check(name + ".loss", LanguageLoss.ofLogits(logits, labels), 1e-5);
  }

  /** The routes in the reference's layout: (b, most calls, q, d), zero where a row has fewer. */
  private static Tensor queries(Fixture f, String prefix, Tensor hidden, Multimodal.Embedded e) {
    Tensor expected = f.g().io(prefix + "text_query");
    List<Route> routes = f.model().links().collect(hidden, e.slots());
    boolean[] mask = new boolean[(int) (expected.size(0) * expected.size(1))];
    List<Tensor> rows = new ArrayList<>();
    for (Route r : routes) {
      int from = rows.size() * (int) expected.size(1);
      Arrays.fill(mask, from, from + r.slots().size(), true);
      assertThat(r.row()).isEqualTo(rows.size());
      rows.add(F.padRows(r.queries(), expected.size(1)));
    }
    Tensor all = F.stack(0, rows);
    f.g().check(prefix + "text_query", all, ATOL);
    if (f.g().has(prefix + "text_query_masks")) {
      assertThat(mask).isEqualTo(Tensors.booleans(f.g().io(prefix + "text_query_masks")));
    }
    return all;
  }

  private static void insertOne(Fixture f) {
    Multimodal.Embedded e = f.check("insert1", List.of(inserted(f, "insert1.input_ids")));
    assertThat(e.ids().get(0)).isEqualTo(f.ids("insert1.input_ids_after").get(0));
    Tensor hidden = f.forward(e);
    f.same("insert1.last_hidden", hidden, e.lengths());
    f.same("insert1.logits", f.model().llm().logits(hidden), e.lengths());
  }

  /** The insert cases have a picture of the train case. */
  private static Inputs inserted(Fixture f, String name) {
    return new Inputs(
        f.ids(name).get(0), List.of(f.picture(f.g().io("train.images.0"))), List.of());
  }

  /**
   * The reference misplaces the second group; ours stand behind their tokens. Up to the second
   * group's first query, which it puts into the first group, both agree.
   */
  private static void insertTwo(Fixture f) {
    Golden g = f.g();
    Inputs row = inserted(f, "insert2.input_ids");
    Multimodal.Embedded e = f.embed(List.of(row));
    int[] laid = e.ids().get(0);
    int[] theirs = f.ids("insert2.input_ids_after").get(0);
    assertThat(laid).hasSameSizeAs(theirs).isNotEqualTo(theirs);
    assertThat(f.bare(laid)).isEqualTo(row.ids());
    assertThat(e.slots()).hasSize(2);
    for (var slot : e.slots()) {
      int[] group = slot.tool().placeholders();
      assertThat(Arrays.copyOfRange(laid, slot.at() + 1, slot.at() + 1 + group.length))
          .isEqualTo(group);
      Golden.check(
          g.name(),
          "insert2, queries at " + slot.at(),
          slot.tool().table(),
          Multimodal.row(e.embeddings(), 0, slot.at() + 1, slot.at() + 1 + group.length),
          0);
    }
    // with the placeholders written out nothing is inserted and nothing can be misplaced
    Multimodal.Embedded replaced = f.embed(List.of(new Inputs(laid, row.images(), row.regions())));
    Golden.check(g.name(), "insert2 = replaced", replaced.embeddings(), e.embeddings(), 0);
    int[] agree = {Arrays.mismatch(laid, theirs)};
    assertThat(agree[0]).isGreaterThan(e.slots().get(0).at() + 1);
    Tensor hidden = f.forward(e);
    f.same("insert2.inputs_embeds_to_llm", e.embeddings(), agree);
    f.same("insert2.last_hidden", hidden, agree);
    f.same("insert2.logits", f.model().llm().logits(hidden), agree);
  }

  private static void severalPictures(Fixture f) {
    Golden g = f.g();
    List<int[]> ids = f.ids("mmic.input_ids");
    List<Inputs> rows = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      List<Inputs.Picture> pictures = new ArrayList<>();
      long from = 0;
      for (long tiles : Tensors.longs(g.io("mmic.num_splits." + i))) {
        pictures.add(f.picture(F.slice(g.io("mmic.images." + i), 0, from, from + tiles)));
        from += tiles;
      }
      Tensor masks = g.io("mmic.regions." + i);
      rows.add(
          new Inputs(
              ids.get(i),
              pictures,
              IntStream.range(0, (int) masks.size(0))
                  .mapToObj(k -> f.region(k, masks.select(0, k)))
                  .toList()));
    }
    Multimodal.Embedded e = f.check("mmic", rows);
    f.same("mmic.logits", f.model().llm().logits(f.forward(e)), e.lengths());
  }

  /** Row 0 has a picture that its text never mentions; row 1's is not in the folder. */
  private static void generationQueries(Fixture f) {
    Golden g = f.g();
    List<int[]> ids = f.ids("gen.input_ids");
    List<Inputs> rows = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      String image = "gen.images." + i;
      Tensor tiles = g.io(g.has(image) ? image : "train.images." + i);
      rows.add(new Inputs(ids.get(i), List.of(f.picture(tiles)), List.of()));
    }
    Multimodal.Embedded e = f.check("gen", rows);
    Tensor hidden = f.forward(e);
    f.same("gen.last_hidden", hidden, e.lengths());
    Tensor logits = f.model().llm().logits(hidden);
    f.same("gen.logits", logits, e.lengths());
    losses(f, "gen", logits);
    List<Route> routes = f.model().links().collect(hidden, e.slots());
    assertThat(routes.stream().map(r -> r.tool().name())).containsExactly("gen", "edit");
    for (int i = 0; i < routes.size(); i++) {
      g.check("gen.super_link." + i, routes.get(i).queries(), ATOL);
    }
  }

  private static void onePicturePerRow(Fixture f) {
    List<int[]> ids = f.ids("pad.input_ids");
    List<Inputs> rows = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      Tensor tile = f.g().io("pad.images").select(0, i).unsqueeze(0);
      rows.add(new Inputs(ids.get(i), List.of(f.picture(tile)), List.of()));
    }
    Multimodal.Embedded e = f.check("pad", rows);
    Tensor hidden = f.forward(e);
    f.same("pad.last_hidden", hidden, e.lengths());
    f.same("pad.logits", f.model().llm().logits(hidden), e.lengths());
    queries(f, "pad.", hidden, e);
  }

  /** Token by token through the cache, with the golden's tokens. */
  private static void decode(Fixture f) {
    Golden g = f.g();
    int[] prompt = f.ids("generate.prompt").get(0);
    int[] sequence = f.ids("generate.sequence").get(0);
    Inputs row =
        new Inputs(
            prompt,
            List.of(f.picture(g.io("train.images.0"))),
            List.of(f.region(0, g.io("generate.region").select(0, 0))));
    int tool = 0;
    try (Decoding state = new Decoding(f.model(), f.embed(List.of(row)))) {
      for (int step = 0; step < sequence.length - prompt.length; step++) {
        String name = "generate.step" + step;
        int token = sequence[prompt.length + step];
        g.check(
            name + ".logits_last",
            Tensors.of(state.logits()[0], 1, state.logits()[0].length),
            ATOL);
        state.accept(new int[] {token}, new boolean[] {true});
        Tool called = f.model().links().toolOf(token);
        if (called != null) {
          Tensor states = g.io("generate.step" + (step + 1) + ".hidden_last");
          Tensor queries = F.slice(states, 1, 1, 1 + called.queries());
          Route route = state.routes(0).get(tool++);
          assertThat(route.tool()).isSameAs(called);
          Golden.check(g.name(), name + " queries", queries, route.queries(), ATOL);
        }
      }
      assertThat(tool).isEqualTo(2);
      assertThat(state.promptRoutes(0)).isEmpty();
    }
  }

  private static void detector(Fixture f, Params p) {
    Golden g = f.g();
    GroundingDino gdino = new GroundingDino(p.at("gdino"), f.config().gdino());
    Multimodal.Embedded e = f.embed(f.rows());
    Tensor hidden = f.forward(e);
    f.same("eval.llm_logits", f.model().llm().logits(hidden), e.lengths());
    Tensor queries = queries(f, "eval.", hidden, e);
    if (TrainStepsGoldenTest.mixedUp(g)) {
      return;
    }
    GroundingDino.Output all =
        gdino.forward(
            g.io("eval.pixel_values"),
            g.io("eval.pixel_mask"),
            queries,
            g.io("eval.text_query_masks"),
            null,
            false);
    GroundingDino.Prediction out = all.last();
    long missing = g.io("eval.gdino.logits").size(2) - out.logits().size(2);
    g.check(
        "eval.gdino.logits",
        torch.constant_pad_nd(
            out.logits(), new long[] {0, missing}, new Scalar(Double.NEGATIVE_INFINITY)),
        ATOL);
    g.check("eval.gdino.pred_boxes", out.boxes(), 1e-6);
    g.check("eval.gdino.pred_masks", gdino.masks(all).last(), 5e-5);
  }

  /** meta.json's settings, read as a model's config.json is. */
  private static VisionLlmConfig settings(Golden g) {
    ObjectNode json = JsonMapper.builder().build().createObjectNode();
    for (String field :
        List.of(
            "vis_encoder_config",
            "llm_config",
            "vl_bridge_type",
            "vis_output_layer",
            "region_hidden_dim",
            "num_embs",
            "num_embs_gen")) {
      if (g.meta().has(field)) {
        json.set(field, g.meta().get(field));
      }
    }
    json.put(
        "use_region_encoder",
        g.meta()
            .get("weight_shapes")
            .propertyStream()
            .anyMatch(w -> w.getKey().startsWith("region")));
    if (g.meta().has("gdino_config")) {
      ObjectNode gdino = json.putObject("gdino_config");
      gdino.setAll((ObjectNode) g.meta().get("gdino_config"));
      gdino.set("backbone_config", g.meta().get("gdino_backbone_config"));
      json.put("use_gdino", true);
    }
    return VisionLlmConfig.of(json, g.name());
  }
}
