import { printJson } from "../json.ts";
import type { Call, Called } from "./language.ts";

/** The module that reaches into the code's own for the function, and prints what it returns as JSON. */
export const callRacket = ({ code, name, cases, mark, first }: Call): Called => ({
  files: {
    "solution.rkt": /^\s*(#lang|\(module)\b/m.test(code) ? code : `#lang racket\n${code}`,
    "main.rkt": harness,
  },
  stdin: printJson({ name, cases, mark, first }),
});

/** JSON's null is `(void)` there and back; names are spelled as the code spells them, with hyphens or without. */
const harness = `#lang racket/base
(require json racket/port racket/set racket/string)
(define asked (string->jsexpr (port->string (current-input-port)) #:null (void)))
(define (say text)
  (flush-output)
  (write-string (string-append "\\n" (hash-ref asked 'mark) " " text "\\n"))
  (flush-output))
(define (given value)
  (cond
    [(list? value) (map given value)]
    [(hash? value) (for/hash ([(key each) value]) (values (symbol->string key) (given each)))]
    [else value]))
(define (text-of key)
  (cond [(string? key) key] [(symbol? key) (symbol->string key)] [else (format "~a" key)]))
(define (result value)
  (cond
    [(or (list? value) (vector? value) (set? value)) (for/list ([each value]) (result each))]
    [(pair? value) (list (result (car value)) (result (cdr value)))]
    [(hash? value) (for/hasheq ([(key each) value]) (values (string->symbol (text-of key)) (result each)))]
    [(symbol? value) (symbol->string value)]
    [(char? value) (string value)]
    [(and (real? value) (exact? value) (not (integer? value))) (exact->inexact value)]
    [(and (flonum? value) (= value (floor value)) (< (abs value) 1e15)) (inexact->exact value)]
    [else value]))
(define path (string->path "/work/solution.rkt"))
(dynamic-require path #f)
(define space (module->namespace path))
(define name (hash-ref asked 'name))
(define called
  (or (for/or ([each (list name (string-replace name "_" "-"))])
        (namespace-variable-value (string->symbol each) #t (lambda () #f) space))
      (begin (eprintf "no function named ~a\\n" name) (exit 1))))
(say "ready")
(for ([each (hash-ref asked 'cases)] [at (in-naturals (hash-ref asked 'first))])
  (define told
    (with-handlers ([(lambda (_) #t)
                     (lambda (problem)
                       (string-append "!" (string-replace
                         (if (exn? problem) (exn-message problem) (format "~a" problem)) "\\n" " ")))])
      (define value (apply called (map given each)))
      (with-handlers ([exn:fail? (lambda (_) (format "?~a" (string-replace (format "~a" value) "\\n" " ")))])
        (jsexpr->string (result value) #:null (void)))))
  (say (format "~a ~a" at told)))
(exit 0)
`;
