package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// jobService implements JobService.
type jobService struct {
	tenfoldv1.UnimplementedJobServiceServer
	backend
}

func (s *jobService) GetJob(ctx context.Context, r *tenfoldv1.GetJobRequest) (*tenfoldv1.GetJobResponse, error) {
	id, _ := nameOf(r.GetName())
	j, err := s.engine.Job(ctx, id)
	return answer(&tenfoldv1.GetJobResponse{Job: jobOf(&j)}, err)
}

func (s *jobService) ListJobs(ctx context.Context, r *tenfoldv1.ListJobsRequest) (*tenfoldv1.ListJobsResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Jobs(ctx, postgres.JobQuery{
		Kind: jobKinds.domain(r.GetKind()), State: jobStates.domain(r.GetState()), Before: p.cursor[0],
	}, p.size+1)
	list, next := listed(&p, rows, jobOf, func(j *job.Job) []string { return []string{j.ID} })
	return answer(&tenfoldv1.ListJobsResponse{Jobs: list, NextPageToken: next}, err)
}

func (s *jobService) ListJobItems(ctx context.Context, r *tenfoldv1.ListJobItemsRequest) (*tenfoldv1.ListJobItemsResponse, error) {
	p, err := s.pageOf(ctx, r, 2)
	if err != nil {
		return nil, err
	}
	id, _ := nameOf(r.GetParent())
	if _, err := s.engine.Job(ctx, id); err != nil {
		return nil, err
	}
	after := book.Key{MerchantID: p.cursor[0], ID: p.cursor[1]}
	rows, err := s.db.Reader().JobItems(ctx, id, jobItemStates.domain(r.GetState()), after, p.size+1)
	list, next := listed(&p, rows, jobItemOf, func(i *job.Item) []string { return []string{i.MerchantID, i.ClaimID} })
	return answer(&tenfoldv1.ListJobItemsResponse{Items: list, NextPageToken: next}, err)
}

// jobMutation is a request that changes a job.
type jobMutation interface {
	mutation
	GetName() string
}

func (s *jobService) change(ctx context.Context, r jobMutation, by job.Step) (*tenfoldv1.Job, bool, error) {
	id, _ := nameOf(r.GetName())
	j, replayed, err := s.engine.ChangeJob(ctx, s.header(ctx, "", r), id, by)
	return jobOf(&j), replayed, err
}

func (s *jobService) ApproveJob(ctx context.Context, r *tenfoldv1.ApproveJobRequest) (*tenfoldv1.ApproveJobResponse, error) {
	j, replayed, err := s.change(ctx, r, job.Approve)
	return answer(&tenfoldv1.ApproveJobResponse{Job: j, Replayed: replayed}, err)
}

func (s *jobService) PauseJob(ctx context.Context, r *tenfoldv1.PauseJobRequest) (*tenfoldv1.PauseJobResponse, error) {
	j, replayed, err := s.change(ctx, r, job.Pause)
	return answer(&tenfoldv1.PauseJobResponse{Job: j, Replayed: replayed}, err)
}

func (s *jobService) ResumeJob(ctx context.Context, r *tenfoldv1.ResumeJobRequest) (*tenfoldv1.ResumeJobResponse, error) {
	j, replayed, err := s.change(ctx, r, job.Resume)
	return answer(&tenfoldv1.ResumeJobResponse{Job: j, Replayed: replayed}, err)
}

func (s *jobService) CancelJob(ctx context.Context, r *tenfoldv1.CancelJobRequest) (*tenfoldv1.CancelJobResponse, error) {
	j, replayed, err := s.change(ctx, r, job.Cancel)
	return answer(&tenfoldv1.CancelJobResponse{Job: j, Replayed: replayed}, err)
}
