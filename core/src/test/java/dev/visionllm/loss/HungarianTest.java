package dev.visionllm.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jgrapht.alg.matching.KuhnMunkresMinimalWeightBipartitePerfectMatching;
import org.jgrapht.graph.DefaultWeightedEdge;
import org.jgrapht.graph.SimpleWeightedGraph;
import org.junit.jupiter.api.Test;

class HungarianTest {
  @Test
  void costsAsLittleAsTheBestOfAllAssignments() {
    Random random = new Random(3);
    for (int run = 0; run < 400; run++) {
      int rows = 1 + random.nextInt(6);
      int columns = 1 + random.nextInt(6);
      boolean whole = run % 2 == 0; // small integers: many ties
      double[][] cost = random(random, rows, columns, whole);
      int[] match = Hungarian.assign(cost);
      assertIsAssignment(match, rows, columns);
      double best = rows <= columns ? best(cost, 0, 0) : best(turned(cost), 0, 0);
      assertThat(total(cost, match)).isCloseTo(best, within(1e-9));
    }
  }

  @Test
  void costsAsLittleAsJgraphts() {
    Random random = new Random(5);
    for (int n : new int[] {20, 47, 80}) {
      double[][] cost = random(random, n, n, false);
      int[] match = Hungarian.assign(cost);
      assertIsAssignment(match, n, n);
      var graph = new SimpleWeightedGraph<Integer, DefaultWeightedEdge>(DefaultWeightedEdge.class);
      Set<Integer> left = new HashSet<>(IntStream.range(0, n).boxed().toList());
      Set<Integer> right = new HashSet<>(IntStream.range(n, 2 * n).boxed().toList());
      left.forEach(graph::addVertex);
      right.forEach(graph::addVertex);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          graph.setEdgeWeight(graph.addEdge(i, n + j), cost[i][j]);
        }
      }
      double best =
          new KuhnMunkresMinimalWeightBipartitePerfectMatching<>(graph, left, right)
              .getMatching()
              .getWeight();
      assertThat(total(cost, match)).isCloseTo(best, within(1e-9));
    }
  }

  @Test
  void chargesNothingExtraForAManyQueriesTallMatrix() {
    double[][] cost = random(new Random(9), 300, 12, false);
    int[] tall = Hungarian.assign(cost);
    assertIsAssignment(tall, 300, 12);
    assertThat(total(cost, tall))
        .isCloseTo(total(turned(cost), Hungarian.assign(turned(cost))), within(1e-9));
  }

  @Test
  void breaksTiesAsSciPyDoes() {
    assertThat(Hungarian.assign(new double[3][3])).containsExactly(0, 1, 2);
    assertThat(Hungarian.assign(new double[2][4])).containsExactly(0, 1);
    assertThat(Hungarian.assign(new double[4][2])).containsExactly(0, 1, -1, -1);
  }

  @Test
  void avoidsForbiddenPairs() {
    double no = Double.POSITIVE_INFINITY;
    assertThat(Hungarian.assign(new double[][] {{1, 2}, {3, no}})).containsExactly(1, 0);
    assertThatThrownBy(() -> Hungarian.assign(new double[][] {{1, no}, {3, no}}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forbids every assignment");
  }

  @Test
  void acceptsNothingAndRefusesNonsense() {
    assertThat(Hungarian.assign(new double[0][0])).isEmpty();
    assertThat(Hungarian.assign(new double[2][0])).containsExactly(-1, -1);
    assertThatThrownBy(() -> Hungarian.assign(new double[][] {{1, Double.NaN}}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("column 1 is NaN");
    assertThatThrownBy(() -> Hungarian.assign(new double[][] {{1, 2}, {1}}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row 1");
  }

  private static void assertIsAssignment(int[] match, int rows, int columns) {
    int[] used = Arrays.stream(match).filter(c -> c >= 0).sorted().toArray();
    assertThat(match).hasSize(rows);
    assertThat(used).hasSize(Math.min(rows, columns)).doesNotHaveDuplicates();
    assertThat(Arrays.stream(used).allMatch(c -> c < columns)).isTrue();
  }

  private static double best(double[][] cost, int row, int used) {
    if (row == cost.length) {
      return 0;
    }
    double best = Double.POSITIVE_INFINITY;
    for (int j = 0; j < cost[row].length; j++) {
      if ((used & 1 << j) == 0) {
        best = Math.min(best, cost[row][j] + best(cost, row + 1, used | 1 << j));
      }
    }
    return best;
  }

  private static double total(double[][] cost, int[] match) {
    return IntStream.range(0, match.length)
        .filter(i -> match[i] >= 0)
        .mapToDouble(i -> cost[i][match[i]])
        .sum();
  }

  private static double[][] random(Random random, int rows, int columns, boolean whole) {
    double[][] cost = new double[rows][columns];
    for (double[] row : cost) {
      for (int j = 0; j < columns; j++) {
        row[j] = whole ? random.nextInt(4) - 1 : random.nextGaussian();
      }
    }
    return cost;
  }

  private static double[][] turned(double[][] cost) {
    double[][] t = new double[cost[0].length][cost.length];
    for (int i = 0; i < cost.length; i++) {
      for (int j = 0; j < t.length; j++) {
        t[j][i] = cost[i][j];
      }
    }
    return t;
  }
}
