package dev.visionllm.model.gdino;

import dev.visionllm.loss.Boxes;
import dev.visionllm.loss.Focal;
import dev.visionllm.loss.Hungarian;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Grounding DINO's training criterion (the reference's DNGroundingDinoLoss): one-to-one matching by
 * classes and boxes, and focal, L1 and GIoU losses, with masks also cross-entropy and dice, for
 * every decoder layer and for the encoder's proposals, the same losses on denoising queries, whose
 * partners are known, and optionally our dense loss on all encoder tokens ({@link
 * DenseAssignment}).
 *
 * <p>Every sum is divided by the number of objects of the batch (at least 1). One difference from
 * the reference: a batch without any object trains its queries to stay silent there too; the
 * reference multiplies its loss by 0.
 *
 * <p>Shapes: s heads that are judged (layers), b pictures, q queries, t classes.
 */
public final class DetectionLoss {
  /**
   * What matching and training weigh.
   *
   * @param classCost focal cost of a class in matching
   * @param boxCost L1 cost of a box in matching
   * @param giouCost GIoU cost of a box in matching
   * @param classWeight of the focal loss
   * @param boxWeight of the L1 loss
   * @param giouWeight of the GIoU loss
   * @param alpha of the focal loss
   * @param dense of the dense loss as a whole, 0 switches it off
   */
  public record Config(
      double classCost,
      double boxCost,
      double giouCost,
      double classWeight,
      double boxWeight,
      double giouWeight,
      double alpha,
      double dense) {
    /** The paper's. */
    public static final Config PAPER = new Config(2, 5, 2, 2, 5, 2, 0.25, 0);

    /** Refuses negative weights. */
    public Config {
      double least =
          Math.min(
              Math.min(Math.min(classCost, boxCost), Math.min(giouCost, dense)),
              Math.min(classWeight, Math.min(boxWeight, giouWeight)));
      if (!(least >= 0) || classCost + boxCost + giouCost == 0) {
        throw new IllegalArgumentException(
            "costs and weights of the detection loss must not be negative, and one of the costs"
                + " must be positive");
      }
    }

    /** The same with our dense loss. */
    public Config withDense(double weight) {
      return new Config(
          classCost, boxCost, giouCost, classWeight, boxWeight, giouWeight, alpha, weight);
    }
  }

  /**
   * A batch's loss.
   *
   * @param total weighted sum, scalar, to go backward from; the caller's scope owns it
   * @param parts unweighted, by the reference's names: loss_ce, loss_bbox, loss_giou of the last
   *     layer, loss_mask and loss_dice with masks; with _0, _1, ... of the earlier ones, _enc, _dn,
   *     _dn_0, ... and ours with _dense
   */
  public record Result(Tensor total, Map<String, Double> parts) {}

  /** Predictions of s heads: suffix of each one's name, logits (s, b, q, t), boxes (s, b, q, 4). */
  public record Heads(List<String> suffixes, Tensor logits, Tensor boxes) {}

  /**
   * The encoder's tokens: logits (b, n, t), box logits (b, n, 4), anchors (b or 1, n, 4) logits.
   */
  record Tokens(Tensor logits, Tensor boxes, Tensor anchors) {}

  /**
   * Who should predict what: flat indices into (s, b, q) and (s, b, q, t), the boxes, and which
   * object of the batch it is.
   */
  private record Pairs(long[] queries, long[] cells, float[] boxes, long[] objects) {}

  /**
   * What is judged of masks.
   *
   * @param loss how
   * @param predicted by the step
   * @param truth of all objects of the batch in the targets' order, 0 or 1, on the padded pictures:
   *     fp32 (n, H, W)
   * @param draws the points
   */
  public record Shapes(MaskLoss loss, Masks predicted, Tensor truth, MaskLoss.Draws draws) {}

  /** Masks of some queries of a head: flat indices into (b, q) -> (n, h, w). */
  private interface Head {
    Tensor masks(int head, long[] queries);
  }

  private static final double GAMMA = 2;

  private final Config c;

  /** A criterion with the given weights. */
  public DetectionLoss(Config c) {
    this.c = c;
  }

  /**
   * Judges a training step.
   *
   * @param out of {@link GroundingDino#decode}
   * @param textMask (b, p) bool, true for classes; null if every picture has p classes
   * @param targets one per picture
   * @param denoising the queries the step was made with, or null
   * @param shapes what is judged of masks, or null
   * @throws IllegalArgumentException if a target's class is not in its prompt, or predictions are
   *     not finite any more
   */
  public Result of(
      GroundingDino.Output out,
      Tensor textMask,
      List<Target> targets,
      Denoising denoising,
      Shapes shapes) {
    int last = out.layers().size() - 1;
    List<GroundingDino.Prediction> judged = new ArrayList<>(List.of(out.last()));
    List<String> suffixes = new ArrayList<>(List.of(""));
    for (int i = 0; i < last; i++) {
      judged.add(out.layers().get(i));
      suffixes.add("_" + i);
    }
    List<String> dnSuffixes = suffixes.stream().map(s -> "_dn" + s).toList();
    judged.add(out.encoder());
    suffixes.add("_enc");
    Tensor mask =
        textMask == null ? F.slice(out.last().logits(), 1, 0, 1).squeeze(1).isfinite() : textMask;
    Heads known = null;
    if (denoising != null) {
      List<GroundingDino.Prediction> repaired = new ArrayList<>(out.denoising());
      repaired.add(0, repaired.remove(last));
      known = heads(dnSuffixes, repaired);
    }
    Tokens tokens = new Tokens(out.tokenLogits(), out.tokenBoxes(), out.features().proposals());
    Masks m = shapes == null ? null : shapes.predicted();
    Head matching =
        (i, queries) -> i > last ? m.encoder(queries) : m.layer(i == 0 ? last : i - 1, queries);
    Head repairing = (i, queries) -> m.denoising(i == 0 ? last : i - 1, queries);
    return of(
        heads(suffixes, judged),
        known,
        denoising,
        tokens,
        mask,
        targets,
        shapes,
        matching,
        repairing);
  }

  /**
   * Class, L1 and GIoU losses of heads whose matching is known, for decoders that judge more.
   *
   * @param textMask (b, p) bool, true for classes
   * @param by what the sums are divided by
   * @return unweighted, (s, 3)
   */
  public Tensor terms(
      Heads h, int[][][] matches, List<Target> targets, Tensor textMask, double by) {
    check(h, textMask, targets);
    return TensorScope.of(
        () -> {
          Tensor valid = columns(textMask, h.logits().size(3)).unsqueeze(1).unsqueeze(0);
          return terms(h, pairs(h, matches, targets), valid, by);
        });
  }

  private static Heads heads(List<String> suffixes, List<GroundingDino.Prediction> list) {
    return new Heads(
        suffixes,
        F.stack(0, list.stream().map(GroundingDino.Prediction::logits).toList()),
        F.stack(0, list.stream().map(GroundingDino.Prediction::boxes).toList()));
  }

  /** The parts of a training step that there are; denoising, dn and tokens may be null. */
  Result of(
      Heads matching,
      Heads denoising,
      Denoising dn,
      Tokens tokens,
      Tensor textMask,
      List<Target> targets) {
    return of(matching, denoising, dn, tokens, textMask, targets, null, null, null);
  }

  private Result of(
      Heads matching,
      Heads denoising,
      Denoising dn,
      Tokens tokens,
      Tensor textMask,
      List<Target> targets,
      Shapes shapes,
      Head matchingMasks,
      Head denoisingMasks) {
    check(matching, textMask, targets);
    double objects = Math.max(1, targets.stream().mapToInt(Target::size).sum());
    List<String> suffixes = new ArrayList<>();
    List<Tensor> out =
        TensorScope.all(
            () -> {
              List<Tensor> terms = new ArrayList<>(); // (s, 3) each
              List<Tensor> masks = new ArrayList<>(); // (s, 2) each
              List<Double> weights = new ArrayList<>();
              Tensor valid = columns(textMask, matching.logits().size(3)); // (b, t)
              Tensor everywhere = valid.unsqueeze(1).unsqueeze(0); // (1, b, 1, t)
              Pairs pairs = pairs(matching, match(matching, targets, null), targets);
              terms.add(terms(matching, pairs, everywhere, objects));
              if (shapes != null) {
                masks.add(maskTerms(shapes, matchingMasks, matching, pairs, objects));
              }
              suffixes.addAll(matching.suffixes());
              if (denoising != null) {
                Pairs known = pairs(denoising, partners(denoising, dn, targets), targets);
                double repaired = objects * dn.groups();
                terms.add(terms(denoising, known, everywhere, repaired));
                if (shapes != null) {
                  masks.add(maskTerms(shapes, denoisingMasks, denoising, known, repaired));
                }
                suffixes.addAll(denoising.suffixes());
              }
              weights.addAll(Collections.nCopies(suffixes.size(), 1.0));
              if (tokens != null && c.dense() > 0) {
                terms.add(dense(tokens, valid, targets));
                suffixes.add("_dense");
                weights.add(c.dense());
              }
              Tensor all = F.cat(0, terms); // (heads, 3)
              Tensor total = all.mul(on(weights(weights), all)).sum();
              if (masks.isEmpty()) {
                return List.of(total, all.detach());
              }
              Tensor shaped = F.cat(0, masks); // (heads, 2)
              float[] by = {(float) shapes.loss().maskWeight(), (float) shapes.loss().diceWeight()};
              total = total.add(shaped.mul(on(Tensors.of(by, 2), shaped)).sum());
              return List.of(total, all.detach(), shaped.detach());
            });
    float[] values = Tensors.floats(out.get(1));
    float[] shaped = shapes == null ? new float[0] : Tensors.floats(out.get(2));
    Map<String, Double> parts = new LinkedHashMap<>();
    for (int i = 0; i < suffixes.size(); i++) {
      parts.put("loss_ce" + suffixes.get(i), (double) values[3 * i]);
      parts.put("loss_bbox" + suffixes.get(i), (double) values[3 * i + 1]);
      parts.put("loss_giou" + suffixes.get(i), (double) values[3 * i + 2]);
      if (2 * i < shaped.length) {
        parts.put("loss_mask" + suffixes.get(i), (double) shaped[2 * i]);
        parts.put("loss_dice" + suffixes.get(i), (double) shaped[2 * i + 1]);
      }
    }
    return new Result(out.get(0), Collections.unmodifiableMap(parts));
  }

  /**
   * The cheapest one-to-one matching of every head and picture.
   *
   * @param more costs besides those of classes and boxes, (s, b, q, most objects), or null
   * @return by head, picture and query the target's index, -1 for none
   */
  public int[][][] match(Heads h, List<Target> targets, Tensor more) {
    int s = Math.toIntExact(h.logits().size(0));
    int q = Math.toIntExact(h.logits().size(2));
    int most = targets.stream().mapToInt(Target::size).max().orElse(0);
    float[] cost = most == 0 ? new float[0] : Tensors.floats(cost(h, targets, most, more));
    int[][][] out = new int[s][targets.size()][];
    for (int i = 0; i < s; i++) {
      for (int b = 0; b < targets.size(); b++) {
        double[][] matrix = new double[q][targets.get(b).size()];
        for (int j = 0; j < q; j++) {
          for (int k = 0; k < matrix[j].length; k++) {
            matrix[j][k] = cost[((i * targets.size() + b) * q + j) * most + k];
          }
        }
        out[i][b] = Hungarian.assign(matrix);
      }
    }
    return out;
  }

  /** Costs of all pairs, objects padded to the fullest picture: (s, b, q, most). */
  private Tensor cost(Heads h, List<Target> targets, int most, Tensor more) {
    return TensorScope.of(
        () -> {
          int b = targets.size();
          long[] classes = new long[b * most];
          float[] flat = new float[b * most * 4];
          Arrays.fill(flat, 0.5f);
          for (int i = 0; i < b; i++) {
            Target t = targets.get(i);
            for (int k = 0; k < t.size(); k++) {
              classes[i * most + k] = t.classes()[k];
              System.arraycopy(t.boxes()[k], 0, flat, (i * most + k) * 4, 4);
            }
          }
          Tensor logits = h.logits().detach().to(ScalarType.Float);
          Tensor boxes = h.boxes().detach().to(ScalarType.Float).unsqueeze(3); // (s, b, q, 1, 4)
          Tensor truth = on(Tensors.of(flat, 1, b, 1, most, 4), boxes);
          Tensor index = on(Tensors.of(classes, 1, b, 1, most), logits);
          index = index.expand(logits.size(0), b, logits.size(2), most);
          Tensor p = torch.sigmoid(torch.gather(logits, 3, index)); // (s, b, q, most)
          Tensor not = p.neg().add(new Scalar(1.0));
          Tensor yes = F.scale(not.square().mul(negativeLog(p)), c.alpha());
          Tensor no = F.scale(p.square().mul(negativeLog(not)), 1 - c.alpha());
          Tensor cost =
              F.scale(Boxes.l1(boxes, truth), c.boxCost())
                  .sub(F.scale(Boxes.giou(boxes, truth), c.giouCost()))
                  .add(F.scale(yes.sub(no), c.classCost()));
          return more == null ? cost : cost.add(more);
        });
  }

  private static Tensor negativeLog(Tensor p) {
    return torch.log(p.add(new Scalar(1e-8))).neg();
  }

  /** Denoising queries know their object: the positives of every group, in order. */
  public static int[][][] partners(Heads h, Denoising dn, List<Target> targets) {
    int[][] one = new int[targets.size()][dn.count()];
    for (int b = 0; b < one.length; b++) {
      Arrays.fill(one[b], -1);
      for (int g = 0; g < dn.groups(); g++) {
        for (int j = 0; j < targets.get(b).size(); j++) {
          one[b][g * 2 * dn.slots() + j] = j;
        }
      }
    }
    int[][][] all = new int[h.suffixes().size()][][];
    Arrays.fill(all, one);
    return all;
  }

  private static Pairs pairs(Heads h, int[][][] matches, List<Target> targets) {
    int b = targets.size();
    long q = h.logits().size(2);
    long t = h.logits().size(3);
    int n = 0;
    for (int[][] head : matches) {
      for (int[] picture : head) {
        for (int target : picture) {
          n += target >= 0 ? 1 : 0;
        }
      }
    }
    Pairs pairs = new Pairs(new long[n], new long[n], new float[4 * n], new long[n]);
    int k = 0;
    for (int s = 0; s < matches.length; s++) {
      int before = 0; // objects of earlier pictures
      for (int i = 0; i < b; before += targets.get(i++).size()) {
        for (int j = 0; j < matches[s][i].length; j++) {
          int target = matches[s][i][j];
          if (target >= 0) {
            pairs.queries[k] = ((long) s * b + i) * q + j;
            pairs.objects[k] = before + target;
            pairs.cells[k] = pairs.queries[k] * t + targets.get(i).classes()[target];
            System.arraycopy(targets.get(i).boxes()[target], 0, pairs.boxes, 4 * k++, 4);
          }
        }
      }
    }
    return pairs;
  }

  /** Cross-entropy and dice of the masks of every head: (s, 2). */
  private static Tensor maskTerms(Shapes shapes, Head head, Heads h, Pairs pairs, double by) {
    int s = Math.toIntExact(h.logits().size(0));
    long perHead = h.logits().size(1) * h.logits().size(2);
    int k = pairs.queries().length / s;
    List<Tensor> rows = new ArrayList<>();
    for (int i = 0; i < s; i++) {
      int first = i;
      rows.add(
          TensorScope.of(
              () -> {
                long[] queries =
                    Arrays.stream(pairs.queries(), first * k, (first + 1) * k)
                        .map(q -> q - first * perHead)
                        .toArray();
                Tensor predicted = head.masks(first, queries);
                Tensor which =
                    Tensors.of(Arrays.copyOfRange(pairs.objects(), first * k, (first + 1) * k), k);
                Tensor truth = shapes.truth().index_select(0, on(which, shapes.truth()));
                return F.scale(shapes.loss().sums(predicted, truth, shapes.draws()), 1 / by);
              }));
    }
    return F.stack(0, rows);
  }

  /** Focal, L1 and GIoU loss of every head: (s, 3). */
  private Tensor terms(Heads h, Pairs pairs, Tensor valid, double by) {
    return TensorScope.of(
        () -> {
          long s = h.logits().size(0);
          long k = pairs.queries().length / s; // every head has as many pairs
          Tensor logits = h.logits().to(ScalarType.Float);
          Tensor truth = torch.zeros_like(logits).contiguous();
          Tensor cells = on(Tensors.of(pairs.cells(), pairs.cells().length), logits);
          truth.view(-1).index_fill_(0, cells, new Scalar(1.0));
          Tensor focal = Focal.sigmoid(logits, truth, valid, c.alpha(), GAMMA);
          Tensor queries = on(Tensors.of(pairs.queries(), s * k), logits);
          Tensor found = h.boxes().to(ScalarType.Float).reshape(-1, 4).index_select(0, queries);
          Tensor boxes = on(Tensors.of(pairs.boxes(), s * k, 4), logits);
          Tensor l1 = Boxes.l1(found, boxes).view(s, k);
          Tensor giou = Boxes.giou(found, boxes).neg().add(new Scalar(1.0)).view(s, k);
          Tensor sums = F.stack(1, F.sum(focal.flatten(1, -1), 1), F.sum(l1, 1), F.sum(giou, 1));
          return F.scale(sums, 1 / by);
        });
  }

  /** Our dense loss, divided by the number of positive tokens: (1, 3). */
  private Tensor dense(Tokens tokens, Tensor valid, List<Target> targets) {
    return TensorScope.of(
        () -> {
          int n = Math.toIntExact(tokens.logits().size(1));
          int[][] owners = DenseAssignment.assign(Tensors.floats(tokens.anchors()), targets, n);
          Heads h =
              new Heads(
                  List.of("_dense"),
                  tokens.logits().unsqueeze(0),
                  torch.sigmoid(tokens.boxes()).unsqueeze(0));
          Pairs pairs = pairs(h, new int[][][] {owners}, targets);
          Tensor usable = torch.isfinite(tokens.anchors().select(-1, 0)); // (b or 1, n)
          Tensor where = valid.unsqueeze(1).logical_and(usable.unsqueeze(-1)).unsqueeze(0);
          return terms(h, pairs, where, Math.max(1, pairs.queries().length));
        });
  }

  /** Weight of every term: (heads, 3). */
  private Tensor weights(List<Double> heads) {
    float[] w = new float[3 * heads.size()];
    for (int i = 0; i < heads.size(); i++) {
      w[3 * i] = (float) (heads.get(i) * c.classWeight());
      w[3 * i + 1] = (float) (heads.get(i) * c.boxWeight());
      w[3 * i + 2] = (float) (heads.get(i) * c.giouWeight());
    }
    return Tensors.of(w, heads.size(), 3);
  }

  /** The text mask (b, p) widened to the logits' t columns. */
  private static Tensor columns(Tensor textMask, long t) {
    long p = textMask.size(1);
    if (p == t) {
      return textMask;
    }
    Tensor more = torch.zeros(textMask.size(0), t - p).type_as(textMask);
    return F.cat(1, textMask, more);
  }

  private static void check(Heads h, Tensor textMask, List<Target> targets) {
    if (h.logits().size(1) != targets.size() || textMask.size(0) != targets.size()) {
      throw new IllegalArgumentException(
          "the batch has "
              + h.logits().size(1)
              + " pictures and "
              + textMask.size(0)
              + " prompts but "
              + targets.size()
              + " targets");
    }
    boolean[] named = Tensors.booleans(textMask);
    int width = named.length / Math.max(1, targets.size());
    for (int b = 0; b < targets.size(); b++) {
      for (int k : targets.get(b).classes()) {
        if (k >= width || !named[b * width + k]) {
          throw new IllegalArgumentException(
              "picture "
                  + b
                  + " has an object of class position "
                  + k
                  + ", which its prompt lacks");
        }
      }
    }
  }

  private static Tensor on(Tensor t, Tensor like) {
    return like.is_cuda() ? t.to(like.device(), t.scalar_type()) : t;
  }
}
