//! A check in pieces, so that whoever waits for it can do something else in between, or stop.
//!
//! What may take long is asynchronous and rests now and then, always at the same places: a check that is driven piece by piece is the
//! same computation as one that runs through, and comes to the same verdict.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::decide::answer;
use crate::options::Options;
use crate::verdict::Verdict;

/// The end of a piece.
pub(crate) struct Rest(bool);

/// Ends the piece that runs.
pub(crate) fn rest() -> Rest {
    Rest(false)
}

impl Future for Rest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// All pieces at once.
pub(crate) fn finish<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(out) = work.as_mut().poll(&mut context) {
            return out;
        }
    }
}

/// A check that is driven from outside. A [`Check::step`] is mostly some milliseconds of work. Reading the texts, following one function
/// from one cut point to the next and laying out one question for the search are one piece each, which of large functions may take
/// a second.
pub struct Check(Result<Verdict, Pin<Box<dyn Future<Output = Verdict>>>>);

impl Check {
    /// Nothing is done before the first step.
    #[must_use]
    pub fn new(source: String, target: String, options: Options) -> Self {
        Self(Err(Box::pin(async move {
            answer(&source, &target, &options).await
        })))
    }

    /// Does the next piece; the verdict, the same as [`crate::check`]'s, once there is one.
    pub fn step(&mut self) -> Option<&Verdict> {
        if let Err(work) = &mut self.0 {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(verdict) = work.as_mut().poll(&mut context) {
                self.0 = Ok(verdict);
            }
        }
        self.0.as_ref().ok()
    }
}
