//! Conditions of paths: under what each copy of a block is reached, given the block that dominates it.

use calque_ir::collections::HashMap;

use crate::graph::{Graph, Node};

/// A way into a copy of a block.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) from: usize,
    /// Given that `from` was reached.
    pub(super) condition: Node,
}

/// Conditions of paths within one run.
pub(super) struct Walk {
    pub(super) incoming: HashMap<usize, Vec<Edge>>,
    pub(super) dominator: HashMap<usize, usize>,
    pub(super) paths: HashMap<(usize, usize), Node>,
    /// Position of each copy in the order of the walk.
    pub(super) rank: Vec<usize>,
}

impl Walk {
    /// For each edge into `block`: where it comes from and when it is taken, given that the block's dominator was reached.
    pub(super) fn join(&mut self, graph: &mut Graph, block: usize) -> Vec<(usize, Node)> {
        let edges = self.incoming.get(&block).cloned().unwrap_or_default();
        let mut common: Option<usize> = None;
        for edge in &edges {
            common = Some(match common {
                None => edge.from,
                Some(mut a) => {
                    let mut b = edge.from;
                    while a != b {
                        let deeper = if self.rank[a] > self.rank[b] {
                            &mut a
                        } else {
                            &mut b
                        };
                        match self.dominator.get(deeper) {
                            Some(up) => *deeper = *up,
                            None => break,
                        }
                    }
                    a
                }
            });
        }
        let Some(dominator) = common else {
            return Vec::new();
        };
        self.dominator.insert(block, dominator);
        edges
            .iter()
            .map(|edge| {
                let path = self.path(graph, dominator, edge.from);
                (edge.from, graph.all(&[path, edge.condition]))
            })
            .collect()
    }

    /// When control that is at `from` comes to `to`.
    fn path(&mut self, graph: &mut Graph, from: usize, to: usize) -> Node {
        if from == to {
            return graph.truth(true);
        }
        if let Some(&known) = self.paths.get(&(from, to)) {
            return known;
        }
        let edges = self.incoming.get(&to).cloned().unwrap_or_default();
        let mut any = graph.truth(false);
        for edge in edges {
            let before = self.path(graph, from, edge.from);
            let here = graph.all(&[before, edge.condition]);
            any = graph.any(&[any, here]);
        }
        self.paths.insert((from, to), any);
        any
    }
}
