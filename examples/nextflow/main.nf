#!/usr/bin/env nextflow
// Scores slides, or lesion images, by shards on whatever Nextflow runs on (this machine, Slurm, Kubernetes, AWS Batch), and merges
// their parts:
//   nextflow run examples/nextflow --slides /data/slides --parts /scratch/run1 --model model/ --shards 64 --out submission.csv
// The folder of the parts is one that every task sees, and outlives the work folder: a task that is started again goes on
// where its journal ends. Slides are read where they are; nothing is staged.
nextflow.enable.dsl = 2

params.slides = null
params.parts = null
params.model = null
params.out = 'submission.csv'
params.shards = 8
// Further options of microtome score, such as '--mpp 0.5 --fallback 0.1'.
params.options = ''

process SCORE {
  tag "shard $index of $count"
  cpus 1
  // 5: a slide of this shard cannot be scored. 2, 4: wrong for all shards. Anything else may be gone in a while.
  errorStrategy { task.exitStatus in [2, 4, 5] ? 'finish' : 'retry' }
  maxRetries 3

  input:
  tuple val(index), val(count), val(slides), val(parts), val(model), val(options)

  output:
  val index

  script:
  """
  microtome score '$slides' --model '$model' --shard-index $index --shard-count $count --out '$parts' \\
    --threads ${task.cpus} --progress plain $options
  """
}

process MERGE {
  publishDir '.', mode: 'copy', overwrite: true

  input:
  val done
  val parts
  val out

  output:
  path out

  script:
  // 3: the table is there, and rows of it hold the fallback value; the log of the task says which.
  """
  microtome merge '$parts' --out '$out' || [ \$? -eq 3 ]
  """
}

workflow {
  if (!params.slides || !params.parts || !params.model) error 'pass --slides, --parts and --model'
  slides = file(params.slides).toAbsolutePath()
  parts = file(params.parts).toAbsolutePath()
  model = file(params.model).exists() ? file(params.model).toAbsolutePath() : params.model
  shards = Channel.of(0..<(params.shards as int)).map { [it, params.shards, slides, parts, model, params.options] }
  MERGE(SCORE(shards).collect(), parts.toString(), params.out)
}
